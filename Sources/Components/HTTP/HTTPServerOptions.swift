public import Collector
import HTTPServer

/// The options of a component that serves HTTP, with the keys of the Collector's confighttp.
public struct HTTPServerOptions: Sendable, Equatable {
    /// What a request's `Content-Encoding` may be; the empty name is that of an uncompressed body.
    static let algorithms = ["", "gzip", "zlib", "deflate"]

    public var endpoint: Endpoint
    public var tls: ServerTLSConfiguration?
    public var cors: CORSConfiguration?
    /// The extension that says who may send.
    public var authenticator: ComponentID?
    public var maxRequestBodySize = 20 << 20
    public var includeMetadata = false
    public var responseHeaders: [String: String] = [:]
    public var compressionAlgorithms = HTTPServerOptions.algorithms
    public var readTimeout = Duration.zero
    public var readHeaderTimeout = Duration.seconds(60)
    public var writeTimeout = Duration.zero
    public var idleTimeout = Duration.seconds(60)
    public var keepAlivesEnabled = true

    public init(endpoint: Endpoint) { self.endpoint = endpoint }

    /// Takes what it knows out of the map; the caller calls `finish`.
    public init(from map: inout ConfigMap, endpoint: Endpoint) throws(ConfigError) {
        self.init(endpoint: try map.endpoint("endpoint", default: endpoint))
        let transport = try map.string("transport", default: "tcp")
        if transport != "tcp" { try map.report("transport \"\(transport)\" is not supported: use tcp") }
        if try !map.nodes("middlewares").isEmpty {
            try map.report("middlewares are not supported: remove the key")
        }
        if var tls = try map.optionalMap("tls") { self.tls = try ServerTLSConfiguration(from: &tls) }
        if var cors = try map.optionalMap("cors") { self.cors = try CORSConfiguration(from: &cors) }
        authenticator = try map.authenticator(ofServer: true)
        // 0 is the Collector's way to ask for its default.
        let size = try map.int("max_request_body_size", default: maxRequestBodySize, in: 0...(1 << 30))
        maxRequestBodySize = size > 0 ? size : maxRequestBodySize
        includeMetadata = try map.bool("include_metadata", default: includeMetadata)
        responseHeaders = try map.stringMap("response_headers")
        compressionAlgorithms = try map.strings("compression_algorithms", default: compressionAlgorithms)
        for name in compressionAlgorithms where !Self.algorithms.contains(name) {
            let valid = Self.algorithms.map { "\"\($0)\"" }.joined(separator: ", ")
            try map.report("unsupported compression algorithm \"\(name)\" (valid: \(valid))")
        }
        readTimeout = try map.duration("read_timeout", default: readTimeout)
        readHeaderTimeout = try map.duration("read_header_timeout", default: readHeaderTimeout)
        writeTimeout = try map.duration("write_timeout", default: writeTimeout)
        idleTimeout = try map.duration("idle_timeout", default: idleTimeout)
        keepAlivesEnabled = try map.bool("keep_alives_enabled", default: keepAlivesEnabled)
    }

    /// How a server with these options listens.
    func server(tls source: TLSContextSource?) -> HTTPServerConfiguration {
        var server = HTTPServerConfiguration(endpoint: HTTPEndpoint(endpoint))
        server.readTimeout = readTimeout
        server.readHeaderTimeout = readHeaderTimeout
        server.writeTimeout = writeTimeout
        server.idleTimeout = idleTimeout
        if let source { server.tlsContext = { source.context } }
        return server
    }
}
