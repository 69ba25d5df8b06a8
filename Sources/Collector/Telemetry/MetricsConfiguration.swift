/// `service::telemetry::metrics`.
public struct MetricsConfiguration: Sendable, Equatable {
    /// How much is told. Every level but `none` tells all there is.
    public enum Level: String, Sendable, CaseIterable {
        case none
        case basic
        case normal
        case detailed
    }

    /// A server that Prometheus scrapes.
    public struct Reader: Sendable, Equatable {
        public var endpoint: Endpoint
        public var naming: PrometheusNaming

        public init(endpoint: Endpoint = Self.defaultEndpoint, naming: PrometheusNaming = PrometheusNaming()) {
            self.endpoint = endpoint
            self.naming = naming
        }

        public static let defaultEndpoint = Endpoint(host: "localhost", port: 8888)
    }

    public var level: Level
    /// Never empty unless the level is `none`.
    public var readers: [Reader]

    public init(level: Level = .normal, readers: [Reader] = [Reader()]) {
        self.level = level
        self.readers = readers
    }

    /// Takes all keys of the map.
    init(from map: inout ConfigMap) throws(ConfigError) {
        level = try map.oneOf("level", default: .normal, ignoringCase: true)
        let address = try Self.address(&map)
        let nodes = try map.nodes("readers")
        readers = []
        for node in nodes { readers.append(try Reader(from: node)) }
        if let address {
            if !nodes.isEmpty { try map.report("\"address\" and \"readers\" exclude each other: use readers") }
            readers = [Reader(endpoint: address)]
        }
        if readers.isEmpty { readers = [Reader()] }
        if level == .none { readers = [] }
        try map.finish()
    }

    /// The key of older Collectors.
    private static func address(_ map: inout ConfigMap) throws(ConfigError) -> Endpoint? {
        guard let node = map.takeValue("address") else { return nil }
        guard let endpoint = Endpoint(try node.string()) else {
            throw node.expected("host:port such as localhost:8888 or 0.0.0.0:8888")
        }
        return endpoint
    }
}

extension MetricsConfiguration.Reader {
    /// Reads `pull: {exporter: {prometheus: {...}}}`.
    fileprivate init(from node: ConfigNode) throws(ConfigError) {
        var map = try ConfigMap(node)
        guard map.takeValue("periodic") == nil else {
            throw map.error("periodic readers are not supported: use pull with the exporter prometheus")
        }
        guard var pull = try map.optionalMap("pull") else { throw map.error("\"pull\" must be specified") }
        var exporter = try pull.map("exporter")
        guard var prometheus = try exporter.optionalMap("prometheus") else {
            throw exporter.error("\"prometheus\" must be specified: there is no other exporter")
        }
        var host = try prometheus.string("host", default: Self.defaultEndpoint.host)
        if host.first == "[", host.last == "]" { host = String(host.dropFirst().dropLast()) }
        let port = try prometheus.int("port", default: Self.defaultEndpoint.port, in: 0...65535)
        self.init(
            endpoint: Endpoint(host: host, port: port),
            naming: PrometheusNaming(
                withoutTypeSuffix: try prometheus.bool("without_type_suffix", default: true),
                withoutUnits: try prometheus.bool("without_units", default: true),
                withoutScopeInfo: try prometheus.bool("without_scope_info", default: true)
            )
        )
        try prometheus.finish()
        try exporter.finish()
        try pull.finish()
        try map.finish()
    }
}
