import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small HTTP server on a free port of 127.0.0.1 with one route for each thing a client may meet.
final class TestServer: Sendable {
    let counters: Counters
    private let channel: any Channel

    final class Counters: Sendable {
        let connections = Atomic(0)
        let openConnections = Atomic(0)
        let requests = Atomic(0)
        let bytesWritten = Atomic(0)
    }

    static func start() async throws -> TestServer {
        let counters = Counters()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(TestHandler(counters))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        return TestServer(channel, counters)
    }

    private init(_ channel: any Channel, _ counters: Counters) {
        self.channel = channel
        self.counters = counters
    }

    func url(_ path: String) -> String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)\(path)" }

    func stop() async throws { try await channel.close() }
}

/// One connection.
private final class TestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let counters: TestServer.Counters
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()
    private var requestsHere = 0
    private var bytesToStream = 0

    init(_ counters: TestServer.Counters) {
        self.counters = counters
    }

    func channelActive(context: ChannelHandlerContext) {
        counters.connections.add(1, ordering: .relaxed)
        counters.openConnections.add(1, ordering: .relaxed)
    }

    func channelInactive(context: ChannelHandlerContext) {
        counters.openConnections.subtract(1, ordering: .relaxed)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part):
            body.writeBuffer(&part)
        case .end:
            guard let head else { return }
            counters.requests.add(1, ordering: .relaxed)
            requestsHere += 1
            handle(head, context)
        }
    }

    private func handle(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch head.uri {
        case "/echo":
            respond(context, body: body)
        case "/head":
            let lines = head.headers.map { "\($0.name): \($0.value)\n" }.joined()
            respond(context, body: ByteBuffer(string: "\(head.method.rawValue)\n\(lines)"))
        case "/status/503":
            respond(context, .serviceUnavailable, ["Retry-After": "7"], body: ByteBuffer(string: "busy"))
        case "/redirect":
            respond(context, .found, ["Location": "/echo"])
        case "/megabyte":
            respond(context, body: ByteBuffer(repeating: 7, count: 1 << 20))
        case "/gzip":
            respond(context, .ok, ["Content-Encoding": "gzip"], body: ByteBuffer(bytes: TestHandler.gzipHello))
        case "/close-second" where requestsHere == 2:
            context.close(promise: nil)
        case "/close-second":
            respond(context)
        case "/answer-and-close":
            respond(context)
            context.close(promise: nil)
        case "/close":
            context.close(promise: nil)
        case "/half":
            start(context, ["Content-Length": "100"])
            write(context, ByteBuffer(string: "half"))
            context.flush()
            context.close(promise: nil)
        case "/half-head":
            // Past the encoder, which would write whole headers.
            let encoder = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self)
            let bytes = IOData.byteBuffer(ByteBuffer(string: "HTTP/1.1 200 OK\r\nConte"))
            encoder?.writeAndFlush(NIOAny(bytes), promise: nil)
            context.close(promise: nil)
        case "/drip":
            start(context, [:])
            write(context, ByteBuffer(string: "first"))
            context.flush()
        case "/chunks":
            start(context, [:])
            for index in 0..<100 { write(context, ByteBuffer(string: "chunk \(index)\n")) }
            context.writeAndFlush(wrapOutboundOut(.end(["X-Trailer": "done"])), promise: nil)
        case "/flood":
            bytesToStream = 64 << 20
            start(context, [:])
            flood(context)
        default:
            break  // never an answer
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, bytesToStream > 0 { flood(context) }
    }

    private func flood(_ context: ChannelHandlerContext) {
        let piece = ByteBuffer(repeating: 9, count: 64 << 10)
        while bytesToStream > 0, context.channel.isWritable {
            write(context, piece)
            context.flush()
            bytesToStream -= piece.readableBytes
            counters.bytesWritten.add(piece.readableBytes, ordering: .relaxed)
        }
        if bytesToStream == 0 { context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
    }

    private func respond(
        _ context: ChannelHandlerContext,
        _ status: HTTPResponseStatus = .ok,
        _ headers: HTTPHeaders = [:],
        body: ByteBuffer = ByteBuffer()
    ) {
        var headers = headers
        headers.add(name: "Content-Length", value: "\(body.readableBytes)")
        start(context, headers, status)
        write(context, body)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    private func start(
        _ context: ChannelHandlerContext,
        _ headers: HTTPHeaders,
        _ status: HTTPResponseStatus = .ok
    ) {
        let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
    }

    private func write(_ context: ChannelHandlerContext, _ bytes: ByteBuffer) {
        context.write(wrapOutboundOut(.body(.byteBuffer(bytes))), promise: nil)
    }

    /// `printf hello | gzip -n`
    private static let gzipHello: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07,
        0x00, 0x86, 0xa6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00,
    ]
}
