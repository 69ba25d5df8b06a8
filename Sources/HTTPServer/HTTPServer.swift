public import Logging
public import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// An HTTP/1.1 server on channel handlers: keep-alive, pipelining with responses in order and one request of a
/// connection with the handler at a time, limits on headers, bodies, connections and time (RFC 9110, RFC 9112).
public final class HTTPServer: Sendable {
    private let configuration: HTTPServerConfiguration
    private let group: any EventLoopGroup
    private let handler: any HTTPServerHandler
    private let logger: Logger?
    private let registry: HTTPConnectionRegistry
    private let listener = Mutex<(any Channel)?>(nil)
    /// What keeps the port in the pool.
    private let pooled = Mutex<Listener?>(nil)

    /// `group` runs the connections and stays the caller's to shut down.
    public init(
        configuration: HTTPServerConfiguration,
        group: any EventLoopGroup,
        handler: any HTTPServerHandler,
        logger: Logger? = nil
    ) {
        self.configuration = configuration
        self.group = group
        self.handler = handler
        self.logger = logger
        registry = HTTPConnectionRegistry(limit: configuration.maxConnections, logger: logger)
    }

    /// Starts to listen; to be called once. Returns the address, with the port the system chose where 0 was asked for.
    public func bind() async throws(HTTPServerError) -> SocketAddress {
        let endpoint = configuration.endpoint
        do {
            let channel = try await bind(to: endpoint)
            guard let address = channel.localAddress else {
                throw HTTPServerError(endpoint: endpoint, reason: "bind: no local address")
            }
            listener.withLock { $0 = channel }
            logger?.debug("HTTP server is listening", metadata: ["address": "\(address)"])
            return address
        } catch let error as HTTPServerError {
            throw error
        } catch {
            throw HTTPServerError(endpoint: endpoint, binding: error)
        }
    }

    /// Stops accepting connections, closes idle ones, lets requests in flight be answered (with `Connection: close`),
    /// and closes by force what is open at `deadline`. Returns when no connection is left.
    public func shutdown(deadline: NIODeadline) async {
        await stopAccepting()
        registry.drain()
        await waitForConnections(deadline: deadline)
    }

    /// As `shutdown`, but every connection may bring one more request until `idle`, then those that bring none are
    /// closed: for a server that another one replaces. A client whose connection is closed just when it sends does not
    /// know what became of its request.
    public func retire(idle: NIODeadline, deadline: NIODeadline) async {
        await stopAccepting()
        registry.retire()
        let registry = registry
        let drain = group.next().scheduleTask(deadline: idle) { registry.drain() }
        await waitForConnections(deadline: deadline)
        drain.cancel()
    }

    private func stopAccepting() async {
        let listener = listener.withLock { channel in
            defer { channel = nil }
            return channel
        }
        if let listener {
            // SwiftNIO closes connections that are between two event loops when the socket that they came from closes.
            try? await listener.setOption(.autoRead, value: false).get()
            for _ in 0..<2 {
                for eventLoop in group.makeIterator() { try? await eventLoop.submit {}.get() }
                try? await listener.eventLoop.submit {}.get()
            }
            try? await listener.close()
        }
        pooled.withLock { $0.take() }?.release()
    }

    /// Keeps the port open and answers every new request with the handler's refusal, for as long as the process lives.
    /// Returns when the requests under way are answered, or closed by force at `deadline`.
    public func refuse(deadline: NIODeadline) async {
        registry.refuse()
        await waitForConnections(deadline: deadline)
    }

    private func waitForConnections(deadline: NIODeadline) async {
        let registry = registry
        let force = group.next().scheduleTask(deadline: deadline) { [logger] in
            let count = registry.count
            guard count > 0 else { return }
            logger?.warning("HTTP connections closed by force", metadata: ["connections": "\(count)"])
            registry.closeAll()
        }
        await registry.waitUntilEmpty()
        force.cancel()
    }

    private func bind(to endpoint: HTTPEndpoint) async throws -> any Channel {
        if let owner = configuration.listenerOwner {
            let listener = try ListenerPool.shared.listener(
                on: endpoint,
                owner: owner,
                isLeaving: configuration.isLeaving
            )
            pooled.withLock { $0 = listener }
            let channel = try await bootstrap().serverChannelOption(.autoRead, value: false)
                .withBoundSocket(listener.duplicate()).get()
            try await listener.accept(on: channel)
            return channel
        }
        guard endpoint.isWildcard else {
            return try await bootstrap().bind(host: endpoint.host, port: endpoint.port).get()
        }
        // The IPv6 wildcard takes IPv4 as well, but IPv6 can be switched off.
        do {
            return try await bootstrap().bind(host: "::", port: endpoint.port).get()
        } catch let error as IOError where [EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.errnoCode) {
            return try await bootstrap().bind(host: "0.0.0.0", port: endpoint.port).get()
        }
    }

    private func bootstrap() -> ServerBootstrap {
        let registry = registry
        let handler = handler
        let maxHeaderBytes = configuration.maxHeaderBytes
        let bodies = configuration.bodies
        let timeouts = HTTPConnectionState.Timeouts(
            idle: TimeAmount(unlessZero: configuration.idleTimeout),
            readHeader: TimeAmount(unlessZero: configuration.readHeaderTimeout),
            read: TimeAmount(unlessZero: configuration.readTimeout),
            write: TimeAmount(unlessZero: configuration.writeTimeout)
        )
        let tlsContext = configuration.tlsContext
        // Swift's runtime (6.3) was once seen to crash when two event loops needed this generic type for the first time at the
        // same moment: it is made known before there are connections.
        _ = Self.requestDecoder(maxHeaderBytes: maxHeaderBytes)
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: configuration.backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // One at a time keeps to the limit of connections exactly.
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(HTTPAcceptGate(registry: registry))
                }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tlsContext {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tlsContext()))
                    }
                    try Self.addHandlers(
                        to: channel,
                        maxHeaderBytes: maxHeaderBytes,
                        connection: HTTPConnectionHandler(
                            handler: handler,
                            timeouts: timeouts,
                            now: channel.eventLoop.now,
                            registry: registry,
                            bodies: bodies,
                            activity: registry.activity(of: channel)
                        )
                    )
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 4096, initial: 16 * 1024, maximum: 64 * 1024)
            )
    }

    static func addHandlers(
        to channel: any Channel,
        maxHeaderBytes: Int,
        connection: HTTPConnectionHandler
    ) throws {
        try channel.pipeline.syncOperations.addHandlers([
            requestDecoder(maxHeaderBytes: maxHeaderBytes), connection,
        ])
    }

    private static func requestDecoder(maxHeaderBytes: Int) -> ByteToMessageHandler<HTTPRequestDecoder> {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = maxHeaderBytes
        limits.maxHeaderListSize = maxHeaderBytes
        return ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: limits))
    }
}

extension TimeAmount {
    fileprivate init?(unlessZero duration: Duration) {
        guard duration > .zero else { return nil }
        self.init(duration)
    }
}
