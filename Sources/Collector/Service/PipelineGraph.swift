import ServiceLifecycle
import Synchronization

/// Every component that a configuration runs, created and connected, but not started.
///
/// A graph may be made in place of another one: what is configured as before is then the same instance.
struct PipelineGraph: Sendable {
    typealias MakeContext = (ComponentID, ComponentInstance, any ExtensionSource, ReplacedComponent?) ->
        ComponentContext

    /// A component with all that it was made from.
    struct Node: Sendable {
        let instance: ComponentInstance
        let component: CollectorConfiguration.Component
        let service: any Service
        /// Of processors and exporters: the component itself.
        let consumer: (any TraceConsumer)?
        /// Of receivers and processors: what it hands its batches to.
        let output: SwitchableConsumer?
        /// Whether that said, when this was made, that it checks well-formedness.
        let outputChecks: Bool
        let extensions: UsedExtensions
        /// Of processors: the pipeline that it stands in.
        var pipeline: ComponentID?

        /// Whether no other may run beside it that may have the same file or the like.
        var isExclusive: Bool { (service as? any ExclusiveComponent)?.isExclusive ?? false }
    }

    /// In the order in which they are started: extensions, exporters, processors (the last of a pipeline first),
    /// receivers. They are stopped the other way round, so that nothing is handed to a component that has stopped.
    let nodes: [Node]
    /// Where instances that were there before have to hand their batches from now on.
    private let switches: [(output: SwitchableConsumer, target: any TraceConsumer)]

    /// Creates all components that pipelines and `service::extensions` use.
    ///
    /// An exporter or a receiver that stands in several pipelines is one instance; a processor is one per pipeline.
    ///
    /// - Parameters:
    ///   - previous: Where to look for instances that can stay: same configuration, same extensions.
    ///   - context: Makes the context of a new instance.
    /// - Throws: for each component that cannot be created, why.
    init(
        _ configuration: CollectorConfiguration,
        replacing previous: PipelineGraph? = nil,
        context: @escaping MakeContext
    ) throws(ComponentFailures) {
        var builder = GraphBuilder(configuration: configuration, previous: previous, context: context)
        builder.build()
        guard builder.failures.isEmpty else { throw ComponentFailures(builder.failures) }
        nodes = builder.nodes
        switches = builder.switches
    }

    private init(nodes: [Node]) {
        self.nodes = nodes
        switches = []
    }

    /// What is left of this graph without some of its nodes. To look for instances in.
    func without(_ others: [Node]) -> PipelineGraph {
        let others = Set(others.map(\.instance))
        return PipelineGraph(nodes: nodes.filter { !others.contains($0.instance) })
    }

    /// Lets the instances that were there before hand their batches to where this graph has them.
    func connect() {
        for (output, target) in switches { output.set(target) }
    }
}

/// The extensions that have been created so far: for all other components, all. Notes who has been asked for.
final class UsedExtensions: ExtensionSource {
    private let extensions: [ComponentID: PipelineGraph.Node]
    private let used = Mutex<Set<ComponentID>>([])

    init(_ extensions: [ComponentID: PipelineGraph.Node]) { self.extensions = extensions }

    func `extension`(_ id: ComponentID) -> (any Service)? {
        used.withLock { _ = $0.insert(id) }
        return extensions[id]?.service
    }

    /// Whether one of these has been asked for.
    func hasAsked(for ids: Set<ComponentID>) -> Bool { used.withLock { !$0.isDisjoint(with: ids) } }

    /// Whether all that has been asked for is the same in `others`.
    func isSame(in others: [ComponentID: PipelineGraph.Node]) -> Bool {
        used.withLock { $0 }.allSatisfy { extensions[$0]?.instance == others[$0]?.instance }
    }
}
