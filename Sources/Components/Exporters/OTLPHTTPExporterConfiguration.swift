public import Collector

/// The configuration of the `otlp_http` exporter, with the Collector's keys, defaults and messages.
public struct OTLPHTTPExporterConfiguration: ComponentConfiguration {
    public enum Compression: String, Sendable, Equatable, CaseIterable {
        case gzip
        case none
    }

    /// Where traces are posted to.
    public var tracesURL: String
    /// Sorted by name.
    public var headers: [String: String]
    public var timeout: Duration
    public var compression: Compression
    /// -1 to 9, as in zlib.
    public var compressionLevel: Int
    public var proxyURL: String?
    public var maxConnectionsPerHost: Int
    public var maxIdleConnections: Int
    public var idleConnectionTimeout: Duration
    public var disableKeepAlives: Bool
    public var tls: TLSConfiguration
    public var retry: RetryConfiguration
    public var queue: SendingQueueConfiguration

    /// The level at which gzip is used unless `compression_params` has another.
    public static let defaultCompressionLevel = 1

    public init(from map: inout ConfigMap) throws(ConfigError) {
        tracesURL = try Self.tracesURL(&map)
        headers = try map.stringMap("headers")
        timeout = try map.duration("timeout", default: .seconds(30))
        compression = try map.oneOf("compression", default: .gzip)
        var parameters = try map.map("compression_params")
        compressionLevel = try parameters.int("level", default: Self.defaultCompressionLevel, in: -1...9)
        try parameters.finish()
        proxyURL = try map.optionalString("proxy_url")
        maxConnectionsPerHost = try map.int("max_conns_per_host", default: 0)
        maxIdleConnections = try map.int("max_idle_conns", default: 100)
        idleConnectionTimeout = try map.duration("idle_conn_timeout", default: .seconds(90))
        disableKeepAlives = try map.bool("disable_keep_alives", default: false)
        var tls = try map.map("tls")
        self.tls = try TLSConfiguration(from: &tls)
        var retry = try map.map("retry_on_failure")
        self.retry = try RetryConfiguration(from: &retry)
        var queue = try map.map("sending_queue")
        self.queue = try SendingQueueConfiguration(from: &queue)
    }

    private static func tracesURL(_ map: inout ConfigMap) throws(ConfigError) -> String {
        let base = try map.optionalString("endpoint") ?? ""
        let traces = try map.optionalString("traces_endpoint") ?? ""
        if !base.isEmpty, !isURL(base) { throw map.error("endpoint must be a valid URL, not \"\(base)\"") }
        if !traces.isEmpty {
            guard isURL(traces) else { throw map.error("traces_endpoint must be a valid URL, not \"\(traces)\"") }
            return traces
        }
        guard !base.isEmpty else {
            throw map.error("at least one endpoint must be specified: endpoint or traces_endpoint")
        }
        return (base.hasSuffix("/") ? String(base.dropLast()) : base) + "/v1/traces"
    }

    /// An absolute http or https URL with a host. libcurl has the last word.
    private static func isURL(_ text: String) -> Bool {
        guard let scheme = ["http://", "https://"].first(where: { text.lowercased().hasPrefix($0) }) else {
            return false
        }
        let rest = text.dropFirst(scheme.count)
        let host = rest.prefix { !"/?#".contains($0) }
        return !host.isEmpty && !host.hasPrefix(":") && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
    }
}
