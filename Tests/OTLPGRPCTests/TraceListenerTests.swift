import GRPCCore
import NIOCore
import NIOHPACK
import NIOPosix
import OTLPGRPC
import Testing

/// Connections that do nothing, or begin and do not go on.
@Suite("OTLP/gRPC, idle and slow clients", .timeLimit(.minutes(1)))
struct TraceListenerTests {
    private struct Service: TraceService {
        func authorize(_ headers: RequestHeaders) async throws(ExportError) {}
        func export(_ request: ByteBuffer, _ headers: RequestHeaders) async throws(ExportError) {}
    }

    private func run(
        _ configure: (inout TraceServerConfiguration) -> Void,
        _ body: (Int) async throws -> Void
    ) async throws {
        var configuration = TraceServerConfiguration(listen: .address(host: "127.0.0.1", port: 0))
        configure(&configuration)
        let (ports, bound) = AsyncStream<Int>.makeStream()
        let server = TraceServer(configuration, group: MultiThreadedEventLoopGroup.singleton, service: Service()) {
            bound.yield($0?.port ?? 0)
        }
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await server.run() }
            var iterator = ports.makeAsyncIterator()
            try await body(try #require(await iterator.next()))
            server.beginGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private func connect(
        _ port: Int,
        _ received: AsyncStream<[UInt8]>.Continuation = AsyncStream.makeStream().continuation
    ) async throws -> any Channel {
        try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Receiver(received))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }

    @Test("a connection on which nothing comes is closed")
    func silence() async throws {
        try await run {
            $0.requestTimeout = .milliseconds(50)
        } _: { port in
            try await connect(port).closeFuture.get()
        }
    }

    @Test("a connection that has begun may wait for its first request, a silent one beside it is closed")
    func waiting() async throws {
        try await run {
            $0.requestTimeout = .milliseconds(300)
        } _: { port in
            let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
            let connection = try await connect(port, continuation)
            try await connection.writeAndFlush(
                ByteBuffer(bytes: Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Self.frame(4, 0, stream: 0, []))
            )
            var pieces = stream.makeAsyncIterator()
            _ = await pieces.next()
            // Later than the other, whose time would be over before that of this one.
            try await connect(port).closeFuture.get()
            try await connect(port).closeFuture.get()
            #expect(connection.isActive)
            try await connection.close().get()
        }
    }

    @Test("when there are as many as allowed, the one that was idle the longest goes")
    func room() async throws {
        try await run {
            $0.maxConnections = 2
        } _: { port in
            var connections: [any Channel] = []
            for _ in 0..<3 {
                let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
                let connection = try await connect(port, continuation)
                // Its SETTINGS: the server knows of this one before there is another.
                var pieces = stream.makeAsyncIterator()
                _ = await pieces.next()
                connections.append(connection)
            }
            try await connections[0].closeFuture.get()
            #expect(connections[1].isActive && connections[2].isActive)
            for connection in connections[1...] { try await connection.close().get() }
        }
    }

    @Test("a message that does not go on ends with DeadlineExceeded, and the stream is reset")
    func stalled() async throws {
        try await run {
            // Also what the client has for its preface.
            $0.requestTimeout = .seconds(2)
        } _: { port in
            let (stream, continuation) = AsyncStream<[UInt8]>.makeStream()
            let channel = try await connect(port, continuation)
            try await channel.writeAndFlush(ByteBuffer(bytes: Self.halfARequest()))
            var bytes: [UInt8] = []
            var answer: (status: String?, isReset: Bool) = (nil, false)
            for await piece in stream {
                bytes += piece
                answer = Self.answer(bytes)
                if answer.isReset { break }
            }
            #expect(answer.status == "\(RPCError.Code.deadlineExceeded.rawValue)")
            #expect(answer.isReset)
            try await channel.close().get()
        }
    }

    private static func frame(_ kind: UInt8, _ flags: UInt8, stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF), kind, flags, 0, 0, 0, stream] + payload
    }

    /// Preface, SETTINGS, HEADERS, and DATA that announces 100 bytes and has one.
    private static func halfARequest() throws -> [UInt8] {
        var encoder = HPACKEncoder(allocator: ByteBufferAllocator())
        var block = ByteBuffer()
        let headers: HPACKHeaders = [
            ":method": "POST", ":scheme": "http", ":authority": "x",
            ":path": "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            "content-type": "application/grpc", "te": "trailers",
        ]
        try encoder.encode(headers: headers, to: &block)
        return Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, stream: 0, [])
            + frame(1, 4, stream: 1, Array(block.readableBytesView)) + frame(0, 0, stream: 1, [0, 0, 0, 0, 100, 1])
    }

    /// What has been said of stream 1.
    private static func answer(_ bytes: [UInt8]) -> (status: String?, isReset: Bool) {
        var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
        var answer: (status: String?, isReset: Bool) = (nil, false)
        var rest = bytes[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            guard rest.count >= 9 + length else { break }
            var payload = ByteBuffer(bytes: rest.dropFirst(9).prefix(length))
            rest = rest.dropFirst(9 + length)
            if head[3] == 1, let headers = try? decoder.decodeHeaders(from: &payload) {
                answer.status = headers.first(name: "grpc-status") ?? answer.status
            }
            if head[3] == 3, head[8] == 1 { answer.isReset = true }
        }
        return answer
    }
}

private final class Receiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let continuation: AsyncStream<[UInt8]>.Continuation

    init(_ continuation: AsyncStream<[UInt8]>.Continuation) { self.continuation = continuation }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        continuation.yield(Array(Self.unwrapInboundIn(data).readableBytesView))
    }

    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
}
