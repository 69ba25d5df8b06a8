import NIOCore
import NIOPosix
import Synchronization

/// A client that sends and receives bytes as they are.
final class TestClient: Sendable {
    struct Ended: Error {
        let received: String
    }

    private let channel: any Channel
    private let chunks: AsyncStream<ByteBuffer>
    private let text = Mutex("")

    private init(channel: any Channel, chunks: AsyncStream<ByteBuffer>) {
        self.channel = channel
        self.chunks = chunks
    }

    static func connect(to address: SocketAddress) async throws -> TestClient {
        let (stream, continuation) = AsyncStream<ByteBuffer>.makeStream()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Receiver(continuation))
                }
            }
            .connect(to: address).get()
        return TestClient(channel: channel, chunks: stream)
    }

    func send(_ text: String) async throws {
        try await channel.writeAndFlush(ByteBuffer(string: text))
    }

    func closeOutput() async throws { try await channel.close(mode: .output) }

    func close() async throws { try await channel.close() }

    /// Receives until what has come since the last call ends so.
    func receive(upTo end: String) async throws -> String {
        while !text.withLock({ $0.hasSuffix(end) }) {
            guard let chunk = await nextChunk() else { throw Ended(received: text.withLock { $0 }) }
            text.withLock { $0 += String(buffer: chunk) }
        }
        return take()
    }

    /// Receives until the server closes its side.
    func receiveAll() async -> String {
        while let chunk = await nextChunk() { text.withLock { $0 += String(buffer: chunk) } }
        return take()
    }

    private func nextChunk() async -> ByteBuffer? {
        var iterator = chunks.makeAsyncIterator()
        return await iterator.next()
    }

    private func take() -> String {
        text.withLock { text in
            defer { text = "" }
            return text.withoutDates
        }
    }
}

private final class Receiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let continuation: AsyncStream<ByteBuffer>.Continuation

    init(_ continuation: AsyncStream<ByteBuffer>.Continuation) {
        self.continuation = continuation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        continuation.yield(Self.unwrapInboundIn(data))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event { continuation.finish() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        continuation.finish()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
