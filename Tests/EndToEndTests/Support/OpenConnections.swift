import NIOCore
import NIOPosix
import Replay

/// Connections that are opened and then only held.
final class OpenConnections: Sendable {
    struct Counts: Sendable {
        var opened = 0
        /// By the other side.
        var closed = 0
    }

    private let counts = Observed(Counts())
    private let channels = Observed<[any Channel]>([])

    /// Opens so many, one after the other.
    ///
    /// - Parameter greeting: sent on each; an unfinished request, or nothing.
    init(_ count: Int, to url: String, sending greeting: String = "") async throws {
        let address = url.dropFirst("http://".count).split(separator: ":")
        let (host, port) = (String(address[0]), Int(address[1]) ?? 0)
        let counts = counts
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(20))
            .channelInitializer { channel in
                channel.closeFuture.whenComplete { _ in counts.update { $0.closed += 1 } }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
        for _ in 0..<count {
            let channel = try await bootstrap.connect(host: host, port: port).get()
            if !greeting.isEmpty { try await channel.writeAndFlush(ByteBuffer(string: greeting)) }
            counts.update { $0.opened += 1 }
            channels.update { $0.append(channel) }
        }
    }

    /// How many of them the other side has closed.
    var closedCount: Int { counts.value.closed }

    func close() async {
        for channel in channels.value { try? await channel.close() }
    }
}
