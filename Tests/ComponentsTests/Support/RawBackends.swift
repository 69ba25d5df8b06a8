import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A backend that counts connections and requests, and takes everything.
final class CountingBackend: Sendable {
    private let connectionCount = Atomic(0)
    private let requestCount = Atomic(0)

    var connections: Int { connectionCount.load(ordering: .relaxed) }
    var requests: Int { requestCount.load(ordering: .relaxed) }

    static func run(_ body: (CountingBackend, String) async throws -> Void) async throws {
        let backend = CountingBackend()
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                backend.connectionCount.add(1, ordering: .relaxed)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Answering(backend: backend))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        try await body(backend, "http://127.0.0.1:\(channel.localAddress?.port ?? 0)")
        try await channel.close()
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let backend: CountingBackend

        init(backend: CountingBackend) { self.backend = backend }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard case .end = unwrapInboundIn(data) else { return }
            backend.requestCount.add(1, ordering: .relaxed)
            let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "0"])
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

/// A backend that accepts connections and never answers.
enum SilentBackend {
    static func run(_ body: (String) async throws -> Void) async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        try await body("http://127.0.0.1:\(channel.localAddress?.port ?? 0)")
        try await channel.close()
    }
}
