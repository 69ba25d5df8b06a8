import Glibc
import NIOCore
import NIOPosix

/// Sends whatever bytes on a connection of its own, and says what came back and how it ended.
struct RawExchange: Sendable {
    enum End: Sendable, Equatable {
        /// By the server.
        case closed
        /// `isDone` was satisfied.
        case done
        /// Neither in time.
        case open
    }

    struct Received: Sendable {
        var bytes: [UInt8]
        var end: End
    }

    /// What the client does behind its bytes.
    enum Behind: Sendable {
        case wait
        /// Closes its side.
        case halfClose
        /// Resets the connection.
        case reset
        /// Sends one more of these every 50 ms.
        case trickle(UInt8)
        /// Takes nothing of what is answered.
        case ignore
    }

    let port: Int
    var timeout = TimeAmount.seconds(20)

    func send(
        _ bytes: [UInt8],
        _ behind: Behind = .wait,
        isDone: @escaping @Sendable ([UInt8]) -> Bool = { _ in false }
    ) async throws -> Received {
        let promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: Received.self)
        let isReading = if case .ignore = behind { false } else { true }
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.allowRemoteHalfClosure, value: true)
                .channelOption(.autoRead, value: isReading)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Gatherer(promise, isDone))
                    }
                }
                .connect(host: "127.0.0.1", port: port).get()
        } catch {
            promise.fail(error)
            throw error
        }
        let limit = channel.eventLoop.scheduleTask(in: timeout) {
            channel.pipeline.fireUserInboundEventTriggered(Gatherer.TimedOut())
        }
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        var trickle: RepeatedTask?
        switch behind {
        case .wait, .ignore: break
        case .halfClose:
            // Behind what is written. The server may have closed by then.
            channel.writeAndFlush(ByteBuffer()).whenComplete { _ in channel.close(mode: .output, promise: nil) }
        case .reset:
            try? await channel.writeAndFlush(ByteBuffer()).get()
            try? await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            channel.close(promise: nil)
        case .trickle(let byte):
            trickle = channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(50)) { _ in
                channel.writeAndFlush(ByteBuffer(bytes: [byte]), promise: nil)
            }
        }
        let received = try await promise.futureResult.get()
        limit.cancel()
        trickle?.cancel()
        channel.close(promise: nil)
        return received
    }
}

private final class Gatherer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    struct TimedOut: Sendable {}

    private let promise: EventLoopPromise<RawExchange.Received>
    private let isDone: ([UInt8]) -> Bool
    private var bytes: [UInt8] = []

    init(_ promise: EventLoopPromise<RawExchange.Received>, _ isDone: @escaping ([UInt8]) -> Bool) {
        self.promise = promise
        self.isDone = isDone
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytes += Self.unwrapInboundIn(data).readableBytesView
        if isDone(bytes) { end(.done) }
    }

    func channelInactive(context: ChannelHandlerContext) { end(.closed) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: end(.closed)
        case is TimedOut: end(.open)
        default: break
        }
    }

    private func end(_ end: RawExchange.End) { promise.succeed(RawExchange.Received(bytes: bytes, end: end)) }
}
