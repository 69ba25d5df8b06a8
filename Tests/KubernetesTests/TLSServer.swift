import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization

/// An API server behind real TLS that knows `test.dev/v1` and watches that stay open. Its certificate can be changed.
final class TLSServer: Sendable {
    struct Request: Sendable {
        let line: String
        let headers: HTTPHeaders
        /// What the client has shown.
        let certificate: NIOSSLCertificate?
    }

    private struct State {
        var context: NIOSSLContext
        var requests: [Request] = []
        var statuses: [HTTPResponseStatus] = []
        var listener: (any Channel)?
        var connections = 0
        var watches: [any Channel] = []
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - certificate: its name in the fixtures.
    ///   - clientCA: whose certificates clients must have; nil for none.
    init(certificate: String, clientCA: String? = nil) throws {
        state = Mutex(State(context: try Self.context(certificate, clientCA)))
    }

    static func fixture(_ name: String) -> String {
        URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/tls/\(name)").path
    }

    static func certificate(_ name: String) throws -> NIOSSLCertificate {
        try NIOSSLCertificate.fromPEMFile(fixture("\(name).crt"))[0]
    }

    private static func context(_ certificate: String, _ clientCA: String?) throws -> NIOSSLContext {
        var tls = TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(try Self.certificate(certificate))],
            privateKey: .privateKey(try NIOSSLPrivateKey(file: fixture("\(certificate).key"), format: .pem))
        )
        if let clientCA {
            tls.trustRoots = .certificates([try Self.certificate(clientCA)])
            tls.certificateVerification = .noHostnameVerification
        }
        return try NIOSSLContext(configuration: tls)
    }

    /// New connections are made with this one.
    func use(certificate: String, clientCA: String? = nil) throws {
        let context = try Self.context(certificate, clientCA)
        state.withLock { $0.context = context }
    }

    var requests: [Request] { state.withLock { $0.requests } }

    var connectionCount: Int { state.withLock { $0.connections } }

    /// The next answers, in place of 200.
    func answer(_ statuses: HTTPResponseStatus...) { state.withLock { $0.statuses += statuses } }

    /// A line on all watches.
    func tell(_ line: String) {
        for watch in state.withLock({ $0.watches }) {
            watch.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: line + "\n"))), promise: nil)
        }
    }

    /// Returns the port.
    func start(host: String = "127.0.0.1") async throws -> Int {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                let context = self.state.withLock { state in
                    state.connections += 1
                    return state.context
                }
                return channel.eventLoop.makeCompletedFuture {
                    let tls = NIOSSLServerHandler(context: context)
                    try channel.pipeline.syncOperations.addHandler(tls)
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(server: self, tls: tls))
                }
            }
        let listener = try await bootstrap.bind(host: host, port: 0).get()
        state.withLock { $0.listener = listener }
        return listener.localAddress?.port ?? 0
    }

    func stop() async throws {
        try await state.withLock { $0.listener }?.close()
    }

    fileprivate func see(_ request: Request) -> HTTPResponseStatus {
        state.withLock { state in
            state.requests.append(request)
            return state.statuses.isEmpty ? .ok : state.statuses.removeFirst()
        }
    }

    fileprivate func keep(_ watch: any Channel) { state.withLock { $0.watches.append(watch) } }
}

private final class Handler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: TLSServer
    private let tls: NIOSSLServerHandler

    init(server: TLSServer, tls: NIOSSLServerHandler) {
        self.server = server
        self.tls = tls
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        let status = server.see(
            TLSServer.Request(
                line: "\(head.method) \(head.uri)",
                headers: head.headers,
                certificate: tls.peerCertificate
            )
        )
        if head.uri.contains("watch=1"), status == .ok {
            let answer = HTTPResponseHead(version: .http1_1, status: .ok)
            context.writeAndFlush(wrapOutboundOut(.head(answer)), promise: nil)
            server.keep(context.channel)
            return
        }
        let body = #"{"versions":[{"version":"v1"}]}"#
        let answer = HTTPResponseHead(
            version: .http1_1,
            status: status,
            headers: ["Content-Length": "\(body.utf8.count)"]
        )
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
