import HTTPServer
import NIOCore
import NIOHTTP1
import Testing

/// What is refused, and what becomes of the connection.
@Suite struct HTTPRefusalTests {
    @Test(
        "what is not HTTP, or could be read in two ways, is answered with 400 and closed",
        arguments: [
            "GARBAGE\r\n\r\n",
            "GET /a HTTP/1.1\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost : x\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: x\r\n folded\r\nA: b\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: x\r\nA\0: b\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3, 3\r\n\r\nabc",
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc",
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: -3\r\n\r\nabc",
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0x3\r\n\r\nabc",
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: \r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
            "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\nabc\r\n",
        ]
    )
    func rejectsMalformed(text: String) throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send(text + "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
        let answer = try connection.received()
        #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"), "\(answer)")
        #expect(answer.contains("\r\nConnection: close\r\n"))
        #expect(connection.handler.seen == [])
        #expect(!connection.isOpen)
    }

    @Test(
        "other refusals of the server",
        arguments: [
            ("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "501 "),
            ("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\n", "417 "),
            ("GET /a\r\n\r\n", "505 "),
            ("GET /a HTTP/2.0\r\nHost: x\r\n\r\n", "505 "),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "4"),
        ]
    )
    func refuses(text: String, status: String) throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send(text)
        let answer = try connection.received()
        #expect(answer.hasPrefix("HTTP/1.1 \(status)"), "\(answer)")
        #expect(connection.handler.seen == [])
        #expect(!connection.isOpen)
    }

    @Test("a malformed pipelined request waits for its turn to be refused")
    func rejectsInOrder() throws {
        let connection = try EmbeddedConnection(TestHandler(.hold))
        try connection.send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGARBAGE\r\n\r\n")
        #expect(try connection.received() == "")
        try connection.send("more of it")
        connection.handler.next()?.respond(.text(.ok, "one"))
        let answer = try connection.received()
        #expect(answer.hasPrefix(.response("200 OK", "one") + "HTTP/1.1 400 Bad Request\r\n"), "\(answer)")
        #expect(!connection.isOpen)
    }

    // MARK: Limits

    @Test func limitsHeaders() throws {
        for request in [
            "GET /a HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "a", count: 1000))\r\n\r\n",
            "GET /\(String(repeating: "a", count: 1000)) HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: x\r\n" + String(repeating: "Abc: def\r\n", count: 200) + "\r\n",
        ] {
            let connection = try EmbeddedConnection(TestHandler(), maxHeaderBytes: 1000)
            try connection.send(request)
            let answer = try connection.received()
            #expect(answer.hasPrefix("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "\(answer)")
            #expect(!connection.isOpen)
        }
        let connection = try EmbeddedConnection(TestHandler(), maxHeaderBytes: 1000)
        try connection.send("GET /a HTTP/1.1\r\nHost: x\r\nA: \(String(repeating: "a", count: 900))\r\n\r\n")
        #expect(connection.handler.seen == ["GET /a "])
    }

    @Test("a body announced too long is refused before it is read")
    func refusesAnnouncedBody() throws {
        let connection = try EmbeddedConnection(TestHandler(maxBodyBytes: 10))
        try connection.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\n")
        #expect(try connection.received() == .response("413 Payload Too Large", "limit 10", connection: "close"))
        #expect(!connection.isOpen)
    }

    @Test func refusesChunkedBodyOnceTooLong() throws {
        let connection = try EmbeddedConnection(TestHandler(maxBodyBytes: 10))
        try connection.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        #expect(try connection.received() == "")
        try connection.send("6\r\nworld!\r\n")
        #expect(try connection.received() == .response("413 Payload Too Large", "limit 10", connection: "close"))
        #expect(connection.handler.seen == [])
        #expect(!connection.isOpen)
    }

    @Test func takesBodyOfExactlyTheLimit() throws {
        let connection = try EmbeddedConnection(TestHandler(maxBodyBytes: 5))
        try connection.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello")
        try connection.send("POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
        #expect(connection.handler.seen == ["POST /a hello", "POST /b hello"])
    }

    // MARK: Answers before the body

    @Test("a short body behind an early answer is discarded")
    func discardsShortBodies() throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send("POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhe")
        #expect(try connection.received() == .response("404 Not Found", "refused"))
        try connection.send("lloGET /a HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try connection.received() == .response("200 OK", "GET /a "))
        #expect(connection.handler.seen == ["GET /a "])
    }

    @Test(
        "the connection is closed behind an early answer when the body is long, of unknown length or held back",
        arguments: ["Content-Length: 65537", "Transfer-Encoding: chunked", "Expect: 100-continue\r\nContent-Length: 5"]
    )
    func closesForOtherBodies(headers: String) throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send("POST /refused HTTP/1.1\r\nHost: x\r\n\(headers)\r\n\r\n")
        #expect(try connection.received() == .response("404 Not Found", "refused", connection: "close"))
        #expect(!connection.isOpen)
    }

    @Test("garbage behind a discarded body is refused as a request of its own")
    func refusesGarbageBehindDiscardedBody() throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send("POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nheGARBAGE\r\n\r\n")
        let answer = try connection.received()
        #expect(answer.hasPrefix(.response("404 Not Found", "refused") + "HTTP/1.1 400 "), "\(answer)")
        #expect(!connection.isOpen)
    }

    // MARK: 100-continue

    @Test func asksForAHeldBackBody() throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\n")
        #expect(try connection.received() == "HTTP/1.1 100 Continue\r\n\r\n")
        try connection.send("hello")
        #expect(try connection.received() == .response("200 OK", "POST /a hello"))
        #expect(connection.isOpen)
    }

    @Test(
        "a body that will not be read is not asked for, nor where the client cannot know 100",
        arguments: [
            "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000001\r\n\r\n",
            "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
            "POST /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
        ]
    )
    func doesNotAskFor(request: String) throws {
        let connection = try EmbeddedConnection(TestHandler())
        try connection.send(request)
        #expect(try !connection.received().contains("100 Continue"))
    }
}
