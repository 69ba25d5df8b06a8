import ServiceLifecycle

/// Every component that a configuration runs, created and connected, but not started.
struct PipelineGraph {
    /// A component with the key of its state: `kind:id`.
    struct Node {
        let key: String
        let service: any Service
    }

    /// In the order in which they are started: extensions, exporters, processors (the last of a pipeline first),
    /// receivers. They are stopped in reverse, so that nothing is handed to a component that has stopped.
    let nodes: [Node]

    /// Creates all components that pipelines and `service::extensions` use.
    ///
    /// An exporter or a receiver that stands in several pipelines is one instance; a processor is one per pipeline.
    ///
    /// - Parameter context: Makes the context of a component from its id and the key of its state.
    init(
        _ configuration: CollectorConfiguration,
        context: @escaping (ComponentID, _ key: String, any ExtensionSource) -> ComponentContext
    ) throws(ComponentFailure) {
        var builder = GraphBuilder(configuration: configuration, context: context)
        let service = configuration.service
        for id in service.extensions { try builder.addExtension(id) }
        for pipeline in service.pipelines {
            for id in pipeline.exporters { try builder.addExporter(id) }
        }
        var entries: [ComponentID: [any TraceConsumer]] = [:]
        for pipeline in service.pipelines {
            let entry = try builder.addProcessors(pipeline)
            for id in pipeline.receivers { entries[id, default: []].append(entry) }
        }
        for pipeline in service.pipelines {
            for id in pipeline.receivers {
                guard let consumers = entries.removeValue(forKey: id) else { continue }
                try builder.addReceiver(id, FanOutConsumer.over(consumers))
            }
        }
        nodes = builder.nodes
    }

    /// The keys of all components that `init` will create.
    static func keys(_ service: ServiceConfiguration) -> [String] {
        service.extensions.map { "extension:\($0)" }
            + service.pipelines.flatMap { pipeline in
                pipeline.exporters.map { "exporter:\($0)" } + pipeline.receivers.map { "receiver:\($0)" }
                    + pipeline.processors.map { processorKey($0, in: pipeline, of: service) }
            }
    }

    /// `processor:id`, and the pipeline as well when several have it.
    fileprivate static func processorKey(
        _ id: ComponentID,
        in pipeline: PipelineConfiguration,
        of service: ServiceConfiguration
    ) -> String {
        let count = service.pipelines.count { $0.processors.contains(id) }
        return count > 1 ? "processor:\(id)@\(pipeline.id)" : "processor:\(id)"
    }
}

/// The extensions that have been created so far: for all other components, all.
private struct CreatedExtensions: ExtensionSource {
    let extensions: [ComponentID: any Service]

    func `extension`(_ id: ComponentID) -> (any Service)? { extensions[id] }
}

private struct GraphBuilder {
    let configuration: CollectorConfiguration
    let context: (ComponentID, String, any ExtensionSource) -> ComponentContext
    var nodes: [PipelineGraph.Node] = []
    var extensions: [ComponentID: any Service] = [:]
    var exporters: [ComponentID: any TraceComponent] = [:]

    init(
        configuration: CollectorConfiguration,
        context: @escaping (ComponentID, String, any ExtensionSource) -> ComponentContext
    ) {
        self.configuration = configuration
        self.context = context
    }

    mutating func addExtension(_ id: ComponentID) throws(ComponentFailure) {
        let key = "extension:\(id)"
        let service: any Service = try make(.extension, id, key) { component, context in
            guard case .extension(let make) = component.factory.make else { return nil }
            return try make(component.configuration, context)
        }
        extensions[id] = service
        nodes.append(PipelineGraph.Node(key: key, service: service))
    }

    mutating func addExporter(_ id: ComponentID) throws(ComponentFailure) {
        guard exporters[id] == nil else { return }
        let key = "exporter:\(id)"
        let exporter: any TraceComponent = try make(.exporter, id, key) { component, context in
            guard case .exporter(let make) = component.factory.make else { return nil }
            return try make(component.configuration, context)
        }
        exporters[id] = exporter
        nodes.append(PipelineGraph.Node(key: key, service: exporter))
    }

    /// Creates the pipeline's processors from its end and returns its entry.
    mutating func addProcessors(_ pipeline: PipelineConfiguration) throws(ComponentFailure) -> any TraceConsumer {
        var entry = FanOutConsumer.over(pipeline.exporters.compactMap { exporters[$0] })
        for id in pipeline.processors.reversed() {
            let key = PipelineGraph.processorKey(id, in: pipeline, of: configuration.service)
            let next = entry
            let processor: any TraceComponent = try make(.processor, id, key) { component, context in
                guard case .processor(let make) = component.factory.make else { return nil }
                return try make(component.configuration, context, next)
            }
            entry = processor
            nodes.append(PipelineGraph.Node(key: key, service: processor))
        }
        return entry
    }

    mutating func addReceiver(_ id: ComponentID, _ consumer: any TraceConsumer) throws(ComponentFailure) {
        let key = "receiver:\(id)"
        let service: any Service = try make(.receiver, id, key) { component, context in
            guard case .receiver(let make) = component.factory.make else { return nil }
            return try make(component.configuration, context, consumer)
        }
        nodes.append(PipelineGraph.Node(key: key, service: service))
    }

    /// Calls `body` with a component's configuration and context, and says which component an error is about.
    private func make<Made>(
        _ kind: ComponentKind,
        _ id: ComponentID,
        _ key: String,
        _ body: (CollectorConfiguration.Component, ComponentContext) throws -> Made?
    ) throws(ComponentFailure) -> Made {
        let source = CreatedExtensions(extensions: extensions)
        do {
            if let component = configuration.component(kind, id),
                let made = try body(component, context(id, key, source))
            {
                return made
            }
        } catch {
            throw ComponentFailure(component: key, phase: .create, reason: "\(error)")
        }
        throw ComponentFailure(component: key, phase: .create, reason: "it is not configured")
    }
}
