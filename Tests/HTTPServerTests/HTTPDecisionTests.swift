import HTTPServer
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Synchronization
import Testing

/// Keeps the decisions for the test to make; otherwise as `TestHandler`.
private final class DecidingHandler: HTTPServerHandler {
    let deciders = Mutex<[HTTPHeadDecider]>([])
    let seen = Mutex<[String]>([])

    func next() -> HTTPHeadDecider? { deciders.withLock { $0.isEmpty ? nil : $0.removeFirst() } }

    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision {
        .later { [self] decider in deciders.withLock { $0.append(decider) } }
    }

    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse { .text(.payloadTooLarge, "long") }

    func protocolError(_ error: HTTPProtocolError, headers: HTTPHeaders?) -> HTTPServerResponse {
        .text(error.status, "type \(headers?.first(name: "Content-Type") ?? "unknown")")
    }

    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder) {
        seen.withLock { $0.append(String(buffer: request.body)) }
        responder.respond(.text(.ok, "done"))
    }
}

@Suite("Decisions that take a while")
struct HTTPDecisionTests {
    private static let post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"

    @Test("the body waits for the decision, and so does the next request")
    func waits() throws {
        let handler = DecidingHandler()
        let connection = try EmbeddedConnection(handler)
        try connection.send(Self.post + "body" + Self.post + "next")
        #expect(try connection.received() == "")
        #expect(handler.seen.withLock { $0 } == [])
        try #require(handler.next()).decide { .read(maxBodyBytes: 10) }
        #expect(try connection.received() == .response("200 OK", "done"))
        #expect(handler.seen.withLock { $0 } == ["body"])
        try #require(handler.next()).decide { .respond(.text(.unauthorized, "no")) }
        #expect(try connection.received() == .response("401 Unauthorized", "no"))
        try connection.send(Self.post + "last")
        try #require(handler.next()).decide { .read(maxBodyBytes: 10) }
        #expect(try connection.received() == .response("200 OK", "done"))
        #expect(handler.seen.withLock { $0 } == ["body", "last"])
    }

    @Test("a body that comes behind the decision is read")
    func before() throws {
        let handler = DecidingHandler()
        let connection = try EmbeddedConnection(handler)
        try connection.send(Self.post)
        try #require(handler.next()).decide { .read(maxBodyBytes: 10) }
        try connection.send("body")
        #expect(try connection.received() == .response("200 OK", "done"))
    }

    @Test("a body that does not come behind the decision has its time")
    func stalls() throws {
        let handler = DecidingHandler()
        let connection = try EmbeddedConnection(handler)
        try connection.send(Self.post)
        connection.advance(by: .minutes(10))
        #expect(connection.isOpen)
        try #require(handler.next()).decide { .read(maxBodyBytes: 10) }
        connection.advance(by: .seconds(59))
        #expect(try connection.received() == "")
        connection.advance(by: .seconds(2))
        #expect(try connection.received().hasPrefix("HTTP/1.1 408 "))
    }

    @Test("100 Continue is sent with the decision")
    func continues() throws {
        let handler = DecidingHandler()
        let connection = try EmbeddedConnection(handler)
        try connection.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        #expect(try connection.received() == "")
        try #require(handler.next()).decide { .read(maxBodyBytes: 10) }
        #expect(try connection.received() == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test("a client that closes, or a handler that forgets, hangs nobody")
    func ends() throws {
        let handler = DecidingHandler()
        let connection = try EmbeddedConnection(handler)
        try connection.send(Self.post)
        _ = handler.next()
        #expect(try connection.received().hasPrefix("HTTP/1.1 500 "))
        let gone = try EmbeddedConnection(handler)
        try gone.send(Self.post)
        _ = try gone.channel.finish(acceptAlreadyClosed: true)
        try #require(handler.next()).decide { .read(maxBodyBytes: 10) }
        #expect(!gone.isOpen)
    }

    @Test("the handler answers what is no HTTP, with the headers where there are any")
    func protocolErrors() throws {
        let handler = DecidingHandler()
        var connection = try EmbeddedConnection(handler)
        try connection.send("GET\r\n\r\n")
        #expect(try connection.received() == .response("400 Bad Request", "type unknown", connection: "close"))
        connection = try EmbeddedConnection(handler)
        try connection.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Type: a\r\nTransfer-Encoding: br\r\n\r\n")
        #expect(try connection.received().hasSuffix("type a"))
        connection = try EmbeddedConnection(handler)
        try connection.send("GET /\(String(repeating: "x", count: 8192)) HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try connection.received().hasPrefix("HTTP/1.1 414 "))
    }
}
