internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
public import HTTPServer
public import NIOCore
public import NIOSSL

/// How a server listens, and what it bears from its clients.
public struct TraceServerConfiguration: Sendable {
    /// Where the server listens.
    public enum Listen: Sendable {
        case address(host: String, port: Int)
        /// A socket that servers hand over to each other. Whoever takes it out of the pool gives it back.
        case listener(Listener)
    }

    /// Pings: the server's, to find connections that are gone, and how many of them clients may send.
    public struct Keepalive: Sendable, Equatable {
        public var time = Duration.seconds(7200)
        public var timeout = Duration.seconds(20)
        public var minTime = Duration.seconds(300)
        public var permitWithoutStream = false

        public init() {}
    }

    public var listen: Listen
    /// The longest message, before and after decompression; longer ones are answered with ResourceExhausted.
    public var maxMessageBytes = 4 << 20
    /// On one connection; nil for no limit.
    public var maxConcurrentStreams: Int? = 1000
    /// How long a connection may take for its handshake, and a request may make no progress.
    public var requestTimeout = Duration.seconds(60)
    /// Connections open at once. For one more, the one is closed that has been idle the longest, or else has had
    /// requests under way the longest.
    public var maxConnections = 256
    public var maxConnectionIdle: Duration?
    public var maxConnectionAge: Duration?
    public var maxConnectionAgeGrace: Duration?
    public var keepalive = Keepalive()
    /// What the messages of all requests may have in memory together; nil for no bound.
    public var bodies: BodyBudget?
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
        transport.connection.keepalive.time = configuration.keepalive.time
        transport.connection.keepalive.timeout = configuration.keepalive.timeout
        transport.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = configuration.keepalive.minTime
        transport.connection.keepalive.clientBehavior.allowWithoutCalls = configuration.keepalive.permitWithoutStream
        transport.http2.maxConcurrentStreams = configuration.maxConcurrentStreams
        transport.rpc.maxRequestPayloadSize = configuration.maxMessageBytes
        let (limit, timeout) = (configuration.maxMessageBytes, TimeAmount(configuration.requestTimeout))
        let memory = configuration.bodies.map { (bodies: $0, all: RequestMemories()) }
        transport.channelDebuggingCallbacks.onAcceptHTTP2Stream = {
            RequestMessageHandler.add(to: $0, limit: limit, timeout: timeout, memory: memory, service: service)
        }
        server = GRPCServer(
            transport: HTTP2ServerTransport.Custom(
                listenerFactory: TraceListener(configuration: configuration, eventLoopGroup: group, bound: bound),
                config: transport
            ),
            services: [
                RegisteredTraceService(service: service, memories: memory?.all)
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
