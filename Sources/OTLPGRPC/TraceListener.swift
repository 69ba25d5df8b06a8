internal import GRPCNIOTransportHTTP2Posix
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// Listens for a server: on an address or on a socket that is bound already, with or without TLS.
struct TraceListener: HTTP2ServerTransport.ListenerFactory {
    private struct TooManyConnections: Error {}

    /// Connections that are open.
    private final class Gate: Sendable {
        private let open = Atomic(0)

        func enter(atMost limit: Int) -> Bool {
            guard open.add(1, ordering: .relaxed).newValue > limit else { return true }
            leave()
            return false
        }

        func leave() { open.subtract(1, ordering: .relaxed) }
    }

    let configuration: TraceServerConfiguration
    let eventLoopGroup: any EventLoopGroup
    let bound: @Sendable (NIOCore.SocketAddress?) -> Void
    private let gate = Gate()

    init(
        configuration: TraceServerConfiguration,
        eventLoopGroup: any EventLoopGroup,
        bound: @escaping @Sendable (NIOCore.SocketAddress?) -> Void
    ) {
        self.configuration = configuration
        self.eventLoopGroup = eventLoopGroup
        self.bound = bound
    }

    func makeListeningChannel(
        listenerConfigurator: HTTP2ServerTransport.ListenerConfigurator,
        connectionConfigurator: HTTP2ServerTransport.ConnectionConfigurator
    ) async throws -> NIOAsyncChannel<HTTP2ServerTransport.ConnectionConfigurator.ConnectionChannel, Never> {
        typealias Connection = HTTP2ServerTransport.ConnectionConfigurator.ConnectionChannel
        let bootstrap = ServerBootstrap(group: eventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .serverChannelInitializer { listenerConfigurator.configure(channel: $0) }
        let (tls, limit, gate) = (configuration.tls, configuration.maxConnections, gate)
        let accept: @Sendable (any Channel) -> EventLoopFuture<Connection> = { channel in
            guard gate.enter(atMost: limit) else {
                channel.close(promise: nil)
                return channel.eventLoop.makeFailedFuture(TooManyConnections())
            }
            channel.closeFuture.whenComplete { _ in gate.leave() }
            guard let tls else { return connectionConfigurator.configure(channel: channel, tls: .none) }
            do {
                let handler = NIOSSLServerHandler(context: try tls())
                try channel.pipeline.syncOperations.addHandler(handler)
            } catch {
                channel.close(promise: nil)
                return channel.eventLoop.makeFailedFuture(error)
            }
            return connectionConfigurator.configure(channel: channel, tls: .configured(requireALPN: false))
        }
        let channel =
            switch configuration.listen {
            case .address(let host, let port):
                try await bootstrap.bind(host: host, port: port, childChannelInitializer: accept)
            case .socket(let descriptor):
                try await bootstrap.bind(descriptor, childChannelInitializer: accept)
            }
        bound(channel.channel.localAddress)
        return channel
    }
}
