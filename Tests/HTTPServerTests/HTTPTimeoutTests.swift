import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import HTTPServer

@Suite struct HTTPTimeoutTests {
    private let request = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"

    @Test("a connection that sends nothing is closed when headers are due")
    func closesSilentConnections() throws {
        let connection = try EmbeddedConnection(TestHandler())
        connection.advance(by: .seconds(29))
        #expect(connection.isOpen)
        connection.advance(by: .seconds(1))
        #expect(try connection.received() == "")
        #expect(!connection.isOpen)
    }

    @Test("headers that trickle in do not hold the connection")
    func closesSlowHeaders() throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send("GET /a HTTP/1.1\r\n")
        for _ in 0..<29 {
            connection.advance(by: .seconds(1))
            try connection.send("A: b\r\n")
        }
        #expect(connection.isOpen)
        connection.advance(by: .seconds(1))
        #expect(try connection.received().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(!connection.isOpen)
    }

    @Test("between requests the idle timeout counts, from the first byte on that of the headers")
    func countsIdleTimeFromTheResponse() throws {
        let connection = try EmbeddedConnection(TestHandler())
        for _ in 0..<3 {
            try connection.send(request)
            connection.advance(by: .seconds(59))
            #expect(connection.isOpen)
        }
        try connection.send("GET /a")
        connection.advance(by: .seconds(29))
        #expect(connection.isOpen)
        _ = try connection.received()
        connection.advance(by: .seconds(1))
        #expect(try connection.received().hasPrefix("HTTP/1.1 408 "))

        let idle = try EmbeddedConnection(TestHandler())
        try idle.send(request)
        _ = try idle.received()
        idle.advance(by: .seconds(60))
        #expect(try idle.received() == "")
        #expect(!idle.isOpen)
    }

    @Test func waitsForTheHandlerWithoutLimit() throws {
        let connection = try EmbeddedConnection(TestHandler(.hold))
        try connection.send(request)
        connection.advance(by: .hours(1))
        connection.handler.next()?.respond(.text(.ok, "late"))
        #expect(try connection.received() == .response("200 OK", "late"))
        #expect(connection.isOpen)
    }

    @Test("a body must make progress, and without a read timeout may take as long as it does")
    func closesStalledBodies() throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        for _ in 0..<4 {
            connection.advance(by: .seconds(59))
            try connection.send("x")
        }
        connection.advance(by: .seconds(59))
        #expect(connection.isOpen)
        connection.advance(by: .seconds(1))
        #expect(try connection.received().hasPrefix("HTTP/1.1 408 "))
        #expect(!connection.isOpen)
    }

    @Test func limitsTheTimeOfABody() throws {
        let connection = try EmbeddedConnection(TestHandler(), read: .seconds(5))
        try connection.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
        for _ in 0..<4 {
            connection.advance(by: .seconds(1))
            try connection.send("x")
        }
        #expect(connection.isOpen)
        connection.advance(by: .seconds(1))
        #expect(try connection.received().hasPrefix("HTTP/1.1 408 "))
        #expect(!connection.isOpen)
    }

    @Test func zeroSwitchesTimeoutsOff() throws {
        let connection = try EmbeddedConnection(TestHandler(), idle: nil, readHeader: nil)
        connection.advance(by: .hours(1))
        try connection.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n")
        connection.advance(by: .hours(1))
        try connection.send("hello")
        connection.advance(by: .hours(1))
        #expect(try connection.received() == .response("200 OK", "POST /a hello"))
        #expect(connection.isOpen)
    }

    // MARK: Draining

    @Test func drainClosesIdleConnections() throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send(request)
        connection.channel.pipeline.fireUserInboundEventTriggered(HTTPConnectionHandler.Event.drain)
        #expect(!connection.isOpen)
    }

    @Test("draining, the request in flight is answered and the connection closed behind it")
    func drainAnswersRequestsInFlight() throws {
        let connection = try EmbeddedConnection(TestHandler(.hold))
        try connection.send(request)
        connection.channel.pipeline.fireUserInboundEventTriggered(HTTPConnectionHandler.Event.drain)
        #expect(connection.isOpen)
        connection.handler.next()?.respond(.text(.ok, "last"))
        #expect(try connection.received() == .response("200 OK", "last", connection: "close"))
        #expect(!connection.isOpen)
    }

    @Test("draining, a request whose body is still coming is in flight too")
    func drainWaitsForBodies() throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe")
        connection.channel.pipeline.fireUserInboundEventTriggered(HTTPConnectionHandler.Event.drain)
        try connection.send("llo")
        #expect(try connection.received() == .response("200 OK", "POST /a hello", connection: "close"))
        #expect(!connection.isOpen)
    }
}
