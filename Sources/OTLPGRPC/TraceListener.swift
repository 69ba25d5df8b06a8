internal import GRPCNIOTransportHTTP2Posix
internal import HTTPServer
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// Listens for a server: on an address or on a socket that is bound already, with or without TLS.
struct TraceListener: HTTP2ServerTransport.ListenerFactory {
    private struct TooManyConnections: Error {}

    /// The connections that are open.
    private final class Connections: Sendable {
        private struct State {
            var table: ConnectionTable<ObjectIdentifier>
            var channels: [ObjectIdentifier: any Channel] = [:]
        }

        private let state: Mutex<State>

        init(limit: Int) { state = Mutex(State(table: ConnectionTable(limit: limit))) }

        /// Takes a connection, another one is closed for it when there are as many as allowed. False: there is no room.
        func add(_ channel: any Channel, _ activity: ConnectionActivity) -> Bool {
            let id = ObjectIdentifier(channel)
            let (isAdmitted, leaving) = state.withLock { state -> (Bool, (any Channel)?) in
                var leaving: (any Channel)?
                switch state.table.admit(id, activity) {
                case .admitted: break
                case .inPlaceOf(let id): leaving = state.channels[id]
                case .refused: return (false, nil)
                }
                state.channels[id] = channel
                return (true, leaving)
            }
            leaving?.close(promise: nil)
            guard isAdmitted else { return false }
            channel.closeFuture.whenComplete { _ in
                self.state.withLock { state in
                    state.table.remove(id)
                    state.channels[id] = nil
                }
            }
            return true
        }
    }

    let configuration: TraceServerConfiguration
    let eventLoopGroup: any EventLoopGroup
    let bound: @Sendable (NIOCore.SocketAddress?) -> Void
    private let connections: Connections

    init(
        configuration: TraceServerConfiguration,
        eventLoopGroup: any EventLoopGroup,
        bound: @escaping @Sendable (NIOCore.SocketAddress?) -> Void
    ) {
        self.configuration = configuration
        self.eventLoopGroup = eventLoopGroup
        self.bound = bound
        connections = Connections(limit: configuration.maxConnections)
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
        let (tls, connections) = (configuration.tls, connections)
        let handshakeTimeout = TimeAmount(configuration.requestTimeout)
        let accept: @Sendable (any Channel) -> EventLoopFuture<Connection> = { channel in
            let activity = ConnectionActivity(now: channel.eventLoop.now)
            guard connections.add(channel, activity) else {
                channel.close(promise: nil)
                return channel.eventLoop.makeFailedFuture(TooManyConnections())
            }
            do {
                let pipeline = channel.pipeline.syncOperations
                let connection = ConnectionActivityHandler(activity, handshakeTimeout: handshakeTimeout)
                try pipeline.addHandler(connection)
                if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: try tls())) }
                try pipeline.addHandler(HandshakeEndHandler(connection))
            } catch {
                channel.close(promise: nil)
                return channel.eventLoop.makeFailedFuture(error)
            }
            return connectionConfigurator.configure(
                channel: channel,
                tls: tls == nil ? .none : .configured(requireALPN: false)
            )
        }
        let channel: NIOAsyncChannel<Connection, Never>
        switch configuration.listen {
        case .address(let host, let port):
            channel = try await bootstrap.bind(host: host, port: port, childChannelInitializer: accept)
        case .listener(let listener):
            channel = try await bootstrap.serverChannelOption(.autoRead, value: false)
                .bind(listener.duplicate(), childChannelInitializer: accept)
            try await listener.accept(on: channel.channel)
        }
        bound(channel.channel.localAddress)
        return channel
    }
}
