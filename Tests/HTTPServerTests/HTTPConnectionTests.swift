import HTTPServer
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@Suite struct HTTPConnectionTests {
    @Test func answersAndKeepsTheConnection() throws {
        let connection = try EmbeddedConnection(TestHandler())
        for _ in 0..<3 {
            try connection.send("POST /a?b=c&d HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
            #expect(try connection.received() == .response("200 OK", "POST /a?b=c&d hello"))
        }
        #expect(connection.isOpen)
    }

    @Test("however the bytes are cut, the request is the same")
    func readsInPieces() throws {
        let text = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
        for cut in 1..<text.count {
            let connection = try EmbeddedConnection(TestHandler())
            try connection.send(String(text.prefix(cut)))
            try connection.send(String(text.dropFirst(cut)))
            #expect(try connection.received() == .response("200 OK", "POST /a hello"), "cut at \(cut)")
        }
        let connection = try EmbeddedConnection(TestHandler())
        for character in text { try connection.send(String(character)) }
        #expect(try connection.received() == .response("200 OK", "POST /a hello"))
    }

    @Test func joinsChunks() throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n")
        try connection.send("7;ext=1\r\n, world\r\n0\r\nTrailer: x\r\n\r\n")
        #expect(try connection.received() == .response("200 OK", "POST /a hello, world"))
        #expect(connection.isOpen)
    }

    @Test("a body in many reads arrives whole, beyond what is set aside for it at first")
    func joinsLongBodies() throws {
        let connection = try EmbeddedConnection(TestHandler(maxBodyBytes: 3_000_000))
        let piece = String(repeating: "0123456789", count: 10_000)
        try connection.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2500000\r\n\r\n")
        for _ in 0..<25 { try connection.send(piece) }
        #expect(connection.handler.requests.map(\.body.readableBytes) == [2_500_000])
        #expect(connection.handler.requests.first?.body == ByteBuffer(string: String(repeating: piece, count: 25)))
    }

    @Test("the head of HEAD's response is that of GET, without the body")
    func answersHEAD() throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(
            try connection.received()
                == .response("200 OK", "HEAD /a ", isHEAD: true) + .response("200 OK", "GET /b ")
        )
    }

    @Test("a server can break off in the middle of a chunk, or without a word")
    func breaksOff() throws {
        for text in ["", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhal"] {
            let connection = try EmbeddedConnection(TestHandler(.hold))
            try connection.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
            let responder = try #require(connection.handler.next())
            responder.breakOff(after: ByteBuffer(string: text))
            responder.respond(.text(.ok, "too late"))
            #expect(try connection.received() == text)
            #expect(!connection.isOpen)
        }
    }

    @Test func sendsNoBodyWith204() throws {
        let connection = try EmbeddedConnection(TestHandler(.hold))
        try connection.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.handler.next()?.respond(HTTPServerResponse(status: .noContent, body: ByteBuffer(string: "x")))
        #expect(try connection.received() == "HTTP/1.1 204 No Content\r\n\r\n")
    }

    @Test("a request target in absolute form names the same path")
    func readsAbsoluteForm() throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send("GET HTTP://host:1/a/b?c HTTP/1.1\r\nHost: host:1\r\n\r\n")
        try connection.send("GET http://host?c HTTP/1.1\r\nHost: host\r\n\r\n")
        try connection.send("OPTIONS * HTTP/1.1\r\nHost: host\r\n\r\n")
        #expect(connection.handler.seen == ["GET /a/b?c ", "GET /?c ", "OPTIONS * "])
    }

    // MARK: Keep-alive

    @Test func closesWhenAskedTo() throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(try connection.received() == .response("200 OK", "GET /a ", connection: "close"))
        #expect(!connection.isOpen)
    }

    @Test func closesWhenTheHandlerWantsTo() throws {
        let connection = try EmbeddedConnection(TestHandler(.hold))
        try connection.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.handler.next()?.respond(.text(.ok, "bye", close: true))
        #expect(try connection.received() == .response("200 OK", "bye", connection: "close"))
        #expect(!connection.isOpen)
    }

    @Test func closesAfterHTTP10() throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send("GET /a HTTP/1.0\r\n\r\n")
        #expect(try connection.received() == .response("200 OK", "GET /a ", connection: "close"))
        #expect(!connection.isOpen)
    }

    @Test func keepsHTTP10OnRequest() throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(try connection.received() == .response("200 OK", "GET /a ", connection: "keep-alive"))
        #expect(connection.isOpen)
    }

    @Test("an offer to upgrade is declined, and the connection closed as the parser stops there")
    func declinesUpgrades() throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send(
            "POST /a HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi"
        )
        #expect(try connection.received() == .response("200 OK", "POST /a hi", connection: "close"))
        #expect(!connection.isOpen)
    }

    // MARK: Pipelining

    @Test("pipelined requests are answered in order, one at a time")
    func pipelines() throws {
        let connection = try EmbeddedConnection(TestHandler(.hold))
        try connection.send(
            "POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\naGET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HT"
        )
        #expect(connection.handler.seen == ["POST /1 a"])
        #expect(connection.handler.heads == ["/1"])
        connection.handler.next()?.respond(.text(.ok, "one"))
        #expect(try connection.received() == .response("200 OK", "one"))
        #expect(connection.handler.seen == ["POST /1 a", "GET /2 "])
        try connection.send("TP/1.1\r\nHost: x\r\n\r\n")
        connection.handler.next()?.respond(.text(.ok, "two"))
        connection.handler.next()?.respond(.text(.ok, "three"))
        #expect(try connection.received() == .response("200 OK", "two") + .response("200 OK", "three"))
        #expect(connection.handler.seen == ["POST /1 a", "GET /2 ", "GET /3 "])
    }

    @Test("a thousand pipelined requests need no deep stack")
    func pipelinesMany() throws {
        let connection = try EmbeddedConnection(TestHandler(.hold))
        try connection.send(String(repeating: "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", count: 1000))
        for _ in 0..<1000 { connection.handler.next()?.respond(.text(.ok, "")) }
        #expect(connection.handler.seen.count == 1000)
        let echo = try EmbeddedConnection(TestHandler())
        try echo.send(String(repeating: "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", count: 1000))
        #expect(try echo.received() == String(repeating: .response("200 OK", "GET /a "), count: 1000))
    }

    @Test("while requests wait, nothing more is read")
    func stopsReading() throws {
        let connection = try EmbeddedConnection(TestHandler(.hold))
        let request = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
        try connection.send(request)
        connection.channel.read()
        let before = connection.readCount
        try connection.send(request)
        connection.channel.read()
        #expect(connection.readCount == before)
        connection.handler.next()?.respond(.text(.ok, ""))
        #expect(connection.readCount == before + 1)
    }

    @Test("a client that does not take its responses gets no more of them")
    func waitsForTheClient() throws {
        let connection = try EmbeddedConnection(TestHandler())
        connection.channel.isWritable = false
        try connection.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(connection.handler.seen == [])
        let before = connection.readCount
        connection.channel.read()
        #expect(connection.readCount == before)
        connection.channel.isWritable = true
        connection.channel.pipeline.fireChannelWritabilityChanged()
        #expect(connection.handler.seen == ["GET /1 ", "GET /2 "])
        #expect(connection.readCount == before + 1)
        #expect(try connection.received() == .response("200 OK", "GET /1 ") + .response("200 OK", "GET /2 "))
    }

    // MARK: The responder

    @Test func sendsOnlyTheFirstAnswer() throws {
        let connection = try EmbeddedConnection(TestHandler(.hold))
        try connection.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        let first = try #require(connection.handler.next())
        first.respond(.text(.ok, "one"))
        first.respond(.text(.ok, "again"))
        #expect(try connection.received() == .response("200 OK", "one"))
        connection.handler.next()?.respond(.text(.ok, "two"))
        #expect(try connection.received() == .response("200 OK", "two"))
    }

    @Test func answers500ForADroppedResponder() throws {
        let connection = try EmbeddedConnection(TestHandler(.drop))
        try connection.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(
            try connection.received() == .response("500 Internal Server Error", "500 internal server error\n")
        )
        #expect(connection.isOpen)
    }

    @Test func ignoresAnswersToAClientThatHasGone() throws {
        let connection = try EmbeddedConnection(TestHandler(.hold))
        try connection.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
        let responder = try #require(connection.handler.next())
        connection.channel.close(promise: nil)
        responder.respond(.text(.ok, "late"))
        #expect(try connection.received() == "")
    }

    @Test("headers that belong to the server are left out, line breaks in others become spaces")
    func guardsHeaders() throws {
        let connection = try EmbeddedConnection(TestHandler(.hold))
        try connection.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.handler.next()?.respond(
            HTTPServerResponse(
                status: .ok,
                headers: [
                    "content-length": "99", "Transfer-Encoding": "chunked", "Connection": "close", "Date": "never",
                    "X": "a\r\nSet-Cookie: b",
                ]
            )
        )
        #expect(try connection.received() == "HTTP/1.1 200 OK\r\nX: a  Set-Cookie: b\r\nContent-Length: 0\r\n\r\n")
    }

    @Test("a long body follows its head unchanged")
    func writesLongBodies() throws {
        let connection = try EmbeddedConnection(TestHandler(.hold))
        let body = String(repeating: "0123456789", count: 10_000)
        try connection.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n")
        connection.handler.next()?.respond(.text(.ok, body))
        #expect(try connection.received() == .response("200 OK", body))
    }
}
