public import Collector
import HTTPServer
import OTLPGRPC

/// `protocols.grpc` of the `otlp` receiver: the Collector's configgrpc, with its keys and defaults.
public struct OTLPGRPCReceiverConfiguration: Sendable, Equatable {
    public var endpoint = Endpoint(host: "localhost", port: 4317)
    public var maxReceivedMessageSize = 4 << 20
    /// nil for the server's own limit.
    public var maxConcurrentStreams: Int?
    public var maxConnectionIdle: Duration?
    public var maxConnectionAge: Duration?
    public var maxConnectionAgeGrace: Duration?
    var keepalive = TraceServerConfiguration.Keepalive()
    public var tls: ServerTLSConfiguration?
    public var includeMetadata = false
    /// The extension that `auth::authenticator` names.
    public var authenticator: ComponentID?

    public init() {}

    /// Reads the map behind `grpc`, unknown keys included.
    public init(from map: inout ConfigMap) throws(ConfigError) {
        endpoint = try map.endpoint("endpoint", default: endpoint)
        let transport = try map.string("transport", default: "tcp")
        if transport != "tcp" { try map.report("transport \"\(transport)\" is not supported: only tcp is") }
        // 0 is the Collector's way to ask for its default.
        let size = try map.int("max_recv_msg_size_mib", default: 0, in: 0...1024)
        if size > 0 { maxReceivedMessageSize = size << 20 }
        let streams = try map.int("max_concurrent_streams", default: 0, in: 0...Int(Int32.max))
        maxConcurrentStreams = streams > 0 ? streams : nil
        // For compatibility: buffers are sized by need.
        _ = try map.int("read_buffer_size", default: 512 << 10)
        _ = try map.int("write_buffer_size", default: 0)
        var keepalive = try map.map("keepalive")
        try readKeepalive(&keepalive)
        includeMetadata = try map.bool("include_metadata", default: false)
        authenticator = try map.authenticator(ofServer: true)
        if var tls = try map.optionalMap("tls") { self.tls = try ServerTLSConfiguration(from: &tls) }
        if map.take("middlewares") != nil {
            try map.report("middlewares are not supported: remove \"middlewares\"")
        }
        try map.finish()
    }

    private mutating func readKeepalive(_ map: inout ConfigMap) throws(ConfigError) {
        func positive(_ duration: Duration) -> Duration? { duration > .zero ? duration : nil }
        var server = try map.map("server_parameters")
        maxConnectionIdle = positive(try server.duration("max_connection_idle", default: .zero))
        maxConnectionAge = positive(try server.duration("max_connection_age", default: .zero))
        maxConnectionAgeGrace = positive(try server.duration("max_connection_age_grace", default: .zero))
        keepalive.time = positive(try server.duration("time", default: .zero)) ?? keepalive.time
        keepalive.timeout = positive(try server.duration("timeout", default: .zero)) ?? keepalive.timeout
        try server.finish()
        var enforcement = try map.map("enforcement_policy")
        keepalive.minTime = positive(try enforcement.duration("min_time", default: .zero)) ?? keepalive.minTime
        keepalive.permitWithoutStream = try enforcement.bool("permit_without_stream", default: false)
        try enforcement.finish()
        try map.finish()
    }

    /// The server's settings.
    ///
    /// - Parameter listen: where it listens.
    func server(listen: TraceServerConfiguration.Listen, tls source: TLSContextSource?) -> TraceServerConfiguration {
        var server = TraceServerConfiguration(listen: listen)
        server.maxMessageBytes = maxReceivedMessageSize
        if let maxConcurrentStreams { server.maxConcurrentStreams = maxConcurrentStreams }
        server.maxConnections = FileDescriptorLimit.connections(share: 4)
        server.bodies = .shared
        server.maxConnectionIdle = maxConnectionIdle
        server.maxConnectionAge = maxConnectionAge
        server.maxConnectionAgeGrace = maxConnectionAgeGrace
        server.keepalive = keepalive
        if let source { server.tls = { source.context } }
        return server
    }

    static var options: [ConfigOption] {
        func option(_ key: String, _ kind: String, default: String = "", example: String, _ help: String)
            -> ConfigOption
        {
            ConfigOption("protocols.grpc.\(key)", kind, default: `default`, example: example, help)
        }
        let buffers = "Accepted for compatibility: buffers are sized by need."
        return [
            option(
                "endpoint",
                "host:port",
                default: "localhost:4317",
                example: "0.0.0.0:4317",
                "Where to listen for OTLP/gRPC."
            ),
            option("transport", "tcp", default: "tcp", example: "tcp", "Only `tcp` is supported."),
            option(
                "max_recv_msg_size_mib",
                "int",
                default: "4",
                example: "16",
                "The longest message in MiB, after decompression; longer ones are answered with ResourceExhausted."
            ),
            option(
                "max_concurrent_streams",
                "int",
                default: "0",
                example: "100",
                "The most requests under way on one connection; 0 for the server's own limit, 1000."
            ),
            option("read_buffer_size", "bytes", default: "524288", example: "0", buffers),
            option("write_buffer_size", "bytes", default: "0", example: "524288", buffers),
            option(
                "keepalive.server_parameters.max_connection_idle",
                "duration",
                example: "5m",
                "A connection without requests for so long is closed."
            ),
            option(
                "keepalive.server_parameters.max_connection_age",
                "duration",
                example: "1h",
                "A connection as old as this is closed, so that senders spread anew."
            ),
            option(
                "keepalive.server_parameters.max_connection_age_grace",
                "duration",
                example: "30s",
                "How long requests under way have to end then."
            ),
            option(
                "keepalive.server_parameters.time",
                "duration",
                default: "2h",
                example: "1m",
                "After how long without traffic a sender is pinged."
            ),
            option(
                "keepalive.server_parameters.timeout",
                "duration",
                default: "20s",
                example: "10s",
                "How long its answer may take before the connection is closed."
            ),
            option(
                "keepalive.enforcement_policy.min_time",
                "duration",
                default: "5m",
                example: "10s",
                "Senders that ping more often are disconnected."
            ),
            option(
                "keepalive.enforcement_policy.permit_without_stream",
                "bool",
                default: "false",
                example: "true",
                "Whether senders may ping without a request under way."
            ),
            option(
                "include_metadata",
                "bool",
                default: "false",
                example: "true",
                "Keep the request's metadata with the batch, for components that ask for it."
            ),
            option(
                "auth.authenticator",
                "component id",
                example: "basicauth/server",
                "The extension that says who may send."
            ),
            option("auth.request_params", "list of strings", default: "[]", example: "[]", "Not supported."),
        ] + ServerTLSConfiguration.options(prefix: "protocols.grpc.tls")
    }
}
