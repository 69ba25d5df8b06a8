public import Collector
import HTTPClient

/// The configuration of the `otlp_http` exporter, with the Collector's keys, defaults and messages.
public struct OTLPHTTPExporterConfiguration: ComponentConfiguration {
    public enum Compression: String, Sendable, Equatable, CaseIterable {
        case gzip
        case zlib
        case deflate
        case none
    }

    public enum Encoding: String, Sendable, Equatable, CaseIterable {
        case proto
        case json
    }

    /// Where traces are posted to.
    public var tracesURL: String
    /// Sorted by name.
    public var headers: [String: String]
    public var timeout: Duration
    public var encoding: Encoding
    /// Who brings the credentials; nil for nobody.
    public var authenticator: ComponentID?
    /// HTTP/2 on https, where the backend has it.
    public var http2: Bool
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
        encoding = try Self.encoding(&map)
        compression = try Self.compression(&map)
        var parameters = try map.map("compression_params")
        compressionLevel = try parameters.int("level", default: Self.defaultCompressionLevel, in: -1...9)
        try parameters.finish()
        proxyURL = try map.optionalString("proxy_url")
        maxConnectionsPerHost = try map.int("max_conns_per_host", default: 0)
        maxIdleConnections = try map.int("max_idle_conns", default: 100)
        idleConnectionTimeout = try map.duration("idle_conn_timeout", default: .seconds(90))
        disableKeepAlives = try map.bool("disable_keep_alives", default: false)
        let perHost = try map.int("max_idle_conns_per_host", default: 0)
        if perHost > 0 {
            maxIdleConnections = maxIdleConnections > 0 ? min(maxIdleConnections, perHost) : perHost
        }
        http2 = try map.bool("force_attempt_http2", default: true)
        authenticator = try map.authenticator()
        try Self.takeUnsupported(&map)
        var tls = try map.map("tls")
        self.tls = try TLSConfiguration(from: &tls)
        var retry = try map.map("retry_on_failure")
        self.retry = try RetryConfiguration(from: &retry)
        var queue = try map.map("sending_queue")
        self.queue = try SendingQueueConfiguration(from: &queue)
    }

    private static func encoding(_ map: inout ConfigMap) throws(ConfigError) -> Encoding {
        try map.value("encoding", absent: .proto) { node throws(ConfigError) in
            let text = try node.string()
            guard let encoding = Encoding(rawValue: text) else {
                throw node.error("invalid encoding type: \(text) (proto or json)")
            }
            return encoding
        }
    }

    private static func compression(_ map: inout ConfigMap) throws(ConfigError) -> Compression {
        try map.value("compression", absent: .gzip) { node throws(ConfigError) in
            let text = try node.string()
            if text.isEmpty { return .none }
            guard let compression = Compression(rawValue: text) else {
                let choices = Compression.allCases.map(\.rawValue).joined(separator: ", ")
                throw node.error("unsupported compression type \"\(text)\": one of \(choices)")
            }
            return compression
        }
    }

    /// Keys of the Collector that change nothing here, and those that are refused.
    private static func takeUnsupported(_ map: inout ConfigMap) throws(ConfigError) {
        // libcurl's buffers are its own.
        _ = try map.int("read_buffer_size", default: 0)
        _ = try map.int("write_buffer_size", default: 524_288)
        for key in ["http2_read_idle_timeout", "http2_ping_timeout"] {
            guard let node = map.takeValue(key) else { continue }
            guard try node.duration(in: .zero ... .nanoseconds(Int64.max)) > .zero else { continue }
            try map.report(node.error("is not supported: remove it, dead connections end with `timeout`"))
        }
        var cookies = try map.map("cookies")
        if try cookies.bool("enabled", default: false) { try cookies.report("cookies are not supported: remove them") }
        try cookies.finish()
        if let middlewares = map.takeValue("middlewares"), try !middlewares.list().isEmpty {
            try map.report(middlewares.error("middlewares are not supported: remove them"))
        }
    }

    private static func tracesURL(_ map: inout ConfigMap) throws(ConfigError) -> String {
        let base = try map.optionalString("endpoint") ?? ""
        let traces = try map.optionalString("traces_endpoint") ?? ""
        // The Collector's for other signals, of which there are none to send.
        for signal in ["metrics", "logs", "profiles"] { _ = try map.optionalString("\(signal)_endpoint") }
        if !base.isEmpty, !isURL(base) {
            try map.report("endpoint must be a valid URL, not \"\(base.redactingCredentials)\"")
        }
        if !traces.isEmpty {
            if !isURL(traces) {
                try map.report("traces_endpoint must be a valid URL, not \"\(traces.redactingCredentials)\"")
            }
            return traces
        }
        if base.isEmpty { try map.report("at least one endpoint must be specified: endpoint or traces_endpoint") }
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
