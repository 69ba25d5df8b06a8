import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import HTTPServer

/// One server connection without a socket, with a clock that the test moves.
final class EmbeddedConnection<Handler: HTTPServerHandler> {
    let channel: EmbeddedChannel
    let handler: Handler
    private let reads = ReadCounter()

    init(
        _ handler: Handler,
        maxHeaderBytes: Int = 65536,
        idle: TimeAmount? = .seconds(60),
        readHeader: TimeAmount? = .seconds(30),
        read: TimeAmount? = nil,
        bodies: BodyBudget? = nil
    ) throws {
        self.handler = handler
        channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(reads)
        try HTTPServer.addHandlers(
            to: channel,
            maxHeaderBytes: maxHeaderBytes,
            connection: HTTPConnectionHandler(
                handler: handler,
                timeouts: HTTPConnectionState.Timeouts(idle: idle, readHeader: readHeader, read: read),
                now: channel.eventLoop.now,
                bodies: bodies
            )
        )
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    deinit {
        _ = try? channel.finish(acceptAlreadyClosed: true)
    }

    var isOpen: Bool { channel.isActive }

    /// How often the connection asked the socket for bytes.
    var readCount: Int { reads.count }

    /// The client sends these bytes, in one piece.
    func send(_ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    func advance(by amount: TimeAmount) {
        channel.embeddedEventLoop.advanceTime(by: amount)
    }

    /// Everything the server has sent since the last call, without Date headers.
    func received() throws -> String {
        channel.embeddedEventLoop.run()
        var text = ""
        while let bytes = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        return text.withoutDates
    }
}

private final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = Never

    private(set) var count = 0

    func read(context: ChannelHandlerContext) {
        count += 1
        context.read()
    }
}

extension String {
    /// The text without its Date headers.
    var withoutDates: String {
        replacing(/Date: [^\r]*\r\n/, with: "")
    }

    /// The response of `.echo` and `.text`.
    static func response(_ status: String, _ body: String, connection: String? = nil, isHEAD: Bool = false) -> String {
        let connection = connection.map { "Connection: \($0)\r\n" } ?? ""
        return "HTTP/1.1 \(status)\r\nContent-Type: text/plain; charset=utf-8\r\n\(connection)"
            + "Content-Length: \(body.utf8.count)\r\n\r\n" + (isHEAD ? "" : body)
    }
}
