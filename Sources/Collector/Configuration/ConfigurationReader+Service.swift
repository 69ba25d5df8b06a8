/// The `service` section.
extension ConfigurationReader {
    static let defaultShutdownTimeout: Duration = .seconds(10)

    mutating func readService(_ section: ConfigMap) -> ServiceConfiguration? {
        var map = section
        let extensions = readReferences("extensions", .extension, in: &map)
        let pipelines = readPipelines(in: &map)
        let telemetry = readTelemetry(in: &map)
        let timeout = errors.attempt { () throws(ConfigError) in
            try map.duration("shutdown_timeout", default: Self.defaultShutdownTimeout)
        }
        errors.attempt { () throws(ConfigError) in try map.finish() }
        guard let telemetry, let timeout else { return nil }
        return ServiceConfiguration(
            extensions: extensions,
            pipelines: pipelines,
            logs: telemetry.logs,
            metrics: telemetry.metrics,
            shutdownTimeout: timeout
        )
    }

    private mutating func readTelemetry(
        in map: inout ConfigMap
    ) -> (logs: LogsConfiguration, metrics: MetricsConfiguration)? {
        guard var section = errors.attempt({ () throws(ConfigError) in try map.map("telemetry") }) else { return nil }
        let logs = errors.attempt { () throws(ConfigError) in
            var logs = try section.map("logs")
            return try LogsConfiguration(from: &logs)
        }
        let metrics = errors.attempt { () throws(ConfigError) in
            var metrics = try section.map("metrics")
            return try MetricsConfiguration(from: &metrics)
        }
        errors.attempt { () throws(ConfigError) in try section.finish() }
        guard let logs, let metrics else { return nil }
        return (logs, metrics)
    }

    private mutating func readPipelines(in map: inout ConfigMap) -> [PipelineConfiguration] {
        guard var section = errors.attempt({ () throws(ConfigError) in try map.map("pipelines") }) else { return [] }
        let entries = section.takeAll()
        if entries.isEmpty { errors.addCheck(section.error("service must have at least one pipeline")) }
        return entries.compactMap { key, node in
            let id = errors.attempt { () throws(ConfigError) in try Self.pipelineID(key, node) }
            let map = errors.attempt { () throws(ConfigError) in try ConfigMap(node, errors: errors) }
            guard let id, let map else { return nil }
            return readPipeline(id, map)
        }
    }

    private static func pipelineID(_ key: String, _ node: ConfigNode) throws(ConfigError) -> ComponentID {
        let id = try ComponentID(key, at: node)
        guard id.type == "traces" else {
            let message =
                ["metrics", "logs", "profiles"].contains(id.type)
                ? "pipeline type \"\(id.type)\" is not supported, only traces"
                : "unknown pipeline type \"\(id.type)\", expected traces"
            throw ConfigError(path: node.path, position: node.keyPosition ?? node.position, message: message)
        }
        return id
    }

    private mutating func readPipeline(_ id: ComponentID, _ section: ConfigMap) -> PipelineConfiguration {
        var map = section
        let receivers = readReferences("receivers", .receiver, in: &map)
        let processors = readReferences("processors", .processor, in: &map)
        let exporters = readReferences("exporters", .exporter, in: &map)
        errors.attempt { () throws(ConfigError) in try map.finish() }
        return PipelineConfiguration(id: id, receivers: receivers, processors: processors, exporters: exporters)
    }

    /// A list of ids, each of which has to be configured; a pipeline needs a receiver and an exporter.
    private mutating func readReferences(
        _ key: String,
        _ kind: ComponentKind,
        in map: inout ConfigMap
    ) -> [ComponentID] {
        guard let nodes = errors.attempt({ () throws(ConfigError) in try map.scalars(key) }) else { return [] }
        if nodes.isEmpty, kind == .receiver || kind == .exporter {
            errors.addCheck(map.error("must have at least one \(kind.rawValue)"))
        }
        // The Collector names the pipeline, but the list of extensions.
        let path = kind == .extension ? ConfigNode.path(map.path, key) : map.path
        var ids: [ComponentID] = []
        for node in nodes {
            let id = errors.attempt { () throws(ConfigError) in
                let text = try node.string()
                let id = try ComponentID(text, at: node)
                guard configured[kind]?.contains(where: { $0.id == id }) == true else {
                    let ids = (configured[kind] ?? []).map(\.id.description)
                    let meant = Spelling.nearest(to: text, in: ids).map { " (did you mean \"\($0)\"?)" } ?? ""
                    throw ConfigError(
                        path: path,
                        position: node.position,
                        message: "references \(kind.rawValue) \"\(id)\" which is not configured\(meant)"
                    )
                }
                guard !ids.contains(id) else {
                    throw ConfigError(
                        path: path,
                        position: node.position,
                        message: "references \(kind.rawValue) \"\(id)\" multiple times"
                    )
                }
                return id
            }
            if let id { ids.append(id) }
        }
        return ids
    }
}

extension ComponentID {
    /// Reads `type` or `type/name` (the Collector's component/identifiable.go).
    public init(_ text: String, at node: ConfigNode) throws(ConfigError) {
        func error(_ message: String) -> ConfigError {
            ConfigError(path: node.path, position: node.keyPosition ?? node.position, message: message)
        }
        let type = String(text.prefix { $0 != "/" })
        let name = String(text.dropFirst(type.count + 1))
        let isType =
            type.utf8.count <= 63 && ConfigExpansion.isName(type) && type.first != "_"
        guard isType else {
            throw error(
                "in \"\(text)\" id: invalid type \"\(type)\", expected a letter and then letters, digits or underscores"
            )
        }
        guard !text.hasSuffix("/") || name != "" else {
            throw error("in \"\(text)\" id: the part after / should not be empty")
        }
        guard !name.contains(where: { $0.isWhitespace }), name.count <= 1024 else {
            throw error("in \"\(text)\" id: the name must not contain white space")
        }
        self.init(type: type, name: name)
    }
}
