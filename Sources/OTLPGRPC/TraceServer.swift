internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
public import NIOCore
public import NIOSSL

/// How a server listens, and what it bears from its clients.
public struct TraceServerConfiguration: Sendable {
    /// Where the server listens.
    public enum Listen: Sendable {
        case address(host: String, port: Int)
        /// A bound socket, which is the server's from then on.
        case socket(Int32)
    }

    public var listen: Listen
    /// The longest message, before and after decompression; longer ones are answered with ResourceExhausted up to
    /// twice as much, and with Internal beyond: the transport does not say why it could not decode a message.
    public var maxMessageBytes = 4 << 20
    /// On one connection; nil for no limit.
    public var maxConcurrentStreams: Int? = 1000
    /// Connections open at once; further ones are closed.
    public var maxConnections = 1000
    public var maxConnectionIdle: Duration?
    public var maxConnectionAge: Duration?
    public var maxConnectionAgeGrace: Duration?
    public var keepaliveTime = Duration.seconds(7200)
    public var keepaliveTimeout = Duration.seconds(20)
    public var keepaliveMinTime = Duration.seconds(300)
    public var keepalivePermitWithoutStream = false
    /// Asked for each connection, so that certificates can change; nil for plaintext.
    public var tls: (@Sendable () throws -> NIOSSLContext)?

    public init(listen: Listen) {
        self.listen = listen
    }
}

/// A gRPC server for OTLP traces.
public final class TraceServer: Sendable {
    private let server: GRPCServer<HTTP2ServerTransport.Custom<TraceListener>>

    /// - Parameter bound: Called once the server listens, with its address.
    public init(
        _ configuration: TraceServerConfiguration,
        group: any EventLoopGroup,
        service: any TraceService,
        bound: @escaping @Sendable (NIOCore.SocketAddress?) -> Void
    ) {
        var transport = HTTP2ServerTransport.Custom<TraceListener>.Config.defaults
        transport.compression.enabledAlgorithms = [.none, .gzip]
        transport.connection.maxIdleTime = configuration.maxConnectionIdle
        transport.connection.maxAge = configuration.maxConnectionAge
        transport.connection.maxGraceTime = configuration.maxConnectionAgeGrace
        transport.connection.keepalive.time = configuration.keepaliveTime
        transport.connection.keepalive.timeout = configuration.keepaliveTimeout
        transport.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = configuration.keepaliveMinTime
        transport.connection.keepalive.clientBehavior.allowWithoutCalls = configuration.keepalivePermitWithoutStream
        transport.http2.maxConcurrentStreams = configuration.maxConcurrentStreams
        transport.rpc.maxRequestPayloadSize = configuration.maxMessageBytes * 2
        transport.channelDebuggingCallbacks.onAcceptHTTP2Stream = { StreamErrorStatus.add(to: $0) }
        server = GRPCServer(
            transport: HTTP2ServerTransport.Custom(
                listenerFactory: TraceListener(configuration: configuration, eventLoopGroup: group, bound: bound),
                config: transport
            ),
            services: [
                RegisteredTraceService(service: service, maxMessageBytes: configuration.maxMessageBytes)
            ]
        )
    }

    /// Serves until a graceful shutdown has ended or the task is cancelled, which cuts off what is under way.
    ///
    /// - Throws: why the server cannot listen.
    public func run() async throws {
        do {
            try await server.serve()
        } catch let error as RuntimeError {
            throw error.cause ?? error
        }
    }

    /// Takes no more connections and requests; `run` returns once those under way are answered.
    public func beginGracefulShutdown() { server.beginGracefulShutdown() }
}
