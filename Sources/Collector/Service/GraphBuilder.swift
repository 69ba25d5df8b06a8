import ServiceLifecycle
import Synchronization

/// Creates the components of a configuration, or finds them in the graph there was before.
struct GraphBuilder {
    private static let count = Atomic(0)

    private let configuration: CollectorConfiguration
    private let previous: [String: PipelineGraph.Node]
    private let context: PipelineGraph.MakeContext
    private(set) var nodes: [PipelineGraph.Node] = []
    private(set) var switches: [(output: SwitchableConsumer, target: any TraceConsumer)] = []
    private(set) var failures: [ComponentFailure] = []
    private var extensions: [ComponentID: PipelineGraph.Node] = [:]
    /// Those that could not be created.
    private var missingExtensions: Set<ComponentID> = []

    init(
        configuration: CollectorConfiguration,
        previous: PipelineGraph?,
        context: @escaping PipelineGraph.MakeContext
    ) {
        self.configuration = configuration
        self.previous = Dictionary((previous?.nodes ?? []).map { ($0.instance.key, $0) }) { first, _ in first }
        self.context = context
    }

    mutating func build() {
        let service = configuration.service
        for id in service.extensions {
            extensions[id] = add(.extension, id, "extension:\(id)", to: nil)
            if extensions[id] == nil { missingExtensions.insert(id) }
        }
        var exporters: [ComponentID: any TraceConsumer] = [:]
        for id in service.pipelines.flatMap(\.exporters) where exporters[id] == nil {
            exporters[id] = add(.exporter, id, "exporter:\(id)", to: nil)?.consumer ?? MissingConsumer()
        }
        var entries: [ComponentID: [any TraceConsumer]] = [:]
        for pipeline in service.pipelines {
            var entry = FanOutConsumer.over(pipeline.exporters.compactMap { exporters[$0] })
            for id in pipeline.processors.reversed() {
                let key = Self.processorKey(id, in: pipeline, of: service)
                entry = add(.processor, id, key, in: pipeline.id, to: entry)?.consumer ?? MissingConsumer()
            }
            for id in pipeline.receivers { entries[id, default: []].append(entry) }
        }
        for id in service.pipelines.flatMap(\.receivers) {
            guard let consumers = entries.removeValue(forKey: id) else { continue }
            _ = add(.receiver, id, "receiver:\(id)", to: FanOutConsumer.over(consumers))
        }
    }

    /// `processor:id`, and the pipeline as well when several have it.
    private static func processorKey(
        _ id: ComponentID,
        in pipeline: PipelineConfiguration,
        of service: ServiceConfiguration
    ) -> String {
        let count = service.pipelines.count { $0.processors.contains(id) }
        return count > 1 ? "processor:\(id)@\(pipeline.id)" : "processor:\(id)"
    }

    /// The component as a node of the graph; nil when it could not be created.
    private mutating func add(
        _ kind: ComponentKind,
        _ id: ComponentID,
        _ key: String,
        in pipeline: ComponentID? = nil,
        to next: (any TraceConsumer)?
    ) -> PipelineGraph.Node? {
        guard let component = configuration.component(kind, id) else {
            failures.append(ComponentFailure(component: key, phase: .create, reason: "it is not configured"))
            return nil
        }
        if var old = previous[key], canStay(old, as: component, next) {
            old.pipeline = pipeline
            if let next, let output = old.output { switches.append((output, next)) }
            nodes.append(old)
            return old
        }
        let instance = ComponentInstance(key: key, number: Self.count.add(1, ordering: .relaxed).newValue)
        let used = UsedExtensions(extensions)
        let output = next.map { SwitchableConsumer($0) }
        let replaced = previous[key].map { ReplacedComponent($0.service) }
        defer { replaced?.component.withLock { $0 = nil } }
        do {
            let made = try Self.make(component, context(id, instance, used, replaced), output)
            let node = PipelineGraph.Node(
                instance: instance,
                component: component,
                service: made,
                consumer: made as? any TraceConsumer,
                output: output,
                outputChecks: next?.checksWellFormedness ?? false,
                extensions: used,
                pipeline: pipeline
            )
            nodes.append(node)
            return node
        } catch {
            // Without an extension that could not be created, it says no more than that.
            if !used.hasAsked(for: missingExtensions) {
                failures.append(ComponentFailure(component: key, phase: .create, reason: "\(error)"))
            }
            return nil
        }
    }

    /// A component may have looked once whether what is behind it checks well-formedness: that has to stay so.
    private func canStay(
        _ old: PipelineGraph.Node,
        as component: CollectorConfiguration.Component,
        _ next: (any TraceConsumer)?
    ) -> Bool {
        old.component.isSame(as: component) && old.outputChecks == (next?.checksWellFormedness ?? false)
            && old.extensions.isSame(in: extensions)
    }

    private static func make(
        _ component: CollectorConfiguration.Component,
        _ context: ComponentContext,
        _ output: SwitchableConsumer?
    ) throws -> any Service {
        let next: any TraceConsumer = output ?? MissingConsumer()
        return switch component.factory.make {
        case .receiver(let make): try make(component.configuration, context, next)
        case .processor(let make): try make(component.configuration, context, next)
        case .exporter(let make): try make(component.configuration, context)
        case .extension(let make): try make(component.configuration, context)
        }
    }
}

/// In place of a component that could not be created, so that what else is wrong is found, too.
private final class MissingConsumer: TraceConsumer {
    func consume(_ batch: TraceBatch, _ completion: @escaping @Sendable (ConsumeResult) -> Void) {
        completion(.refused(ConsumeError(.unavailable, "nothing is there to take it")))
    }
}

extension CollectorConfiguration.Component {
    /// Whether a component made of the one is like a component made of the other.
    func isSame(as other: Self) -> Bool {
        func isEqual<Configuration: ComponentConfiguration>(_ configuration: Configuration) -> Bool {
            configuration == other.configuration as? Configuration
        }
        return id == other.id && factory.kind == other.factory.kind && factory.type == other.factory.type
            && isEqual(configuration)
    }
}
