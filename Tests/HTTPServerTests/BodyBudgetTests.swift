import HTTPServer
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

/// What the bodies of all connections may have in memory together.
@Suite struct BodyBudgetTests {
    @Test("a request alone may have two thirds; what it gives back can be taken again")
    func alone() {
        let bodies = BodyBudget(limit: 3000)
        #expect(bodies.room(own: 0) == 2000)
        #expect(!bodies.take(2001, own: 0))
        #expect(bodies.take(1500, own: 0))
        #expect(bodies.room(own: 1500) == 2000)
        #expect(!bodies.take(501, own: 1500))
        #expect(bodies.take(500, own: 1500))
        bodies.giveBack(2000)
        #expect(bodies.held == 0)
        #expect(bodies.take(2000, own: 0))
        bodies.admit(1000)
        #expect(bodies.limit == 3000)
        bodies.admit(4001)
        bodies.giveBack(2000)
        #expect(bodies.take(4001, own: 0))
    }

    @Test(
        "however many take as much as they get, their number is known by the room that is left",
        arguments: [1, 10, 200]
    )
    func sharing(senders: Int) {
        let bodies = BodyBudget(limit: 1 << 20)
        var own = [Int](repeating: 0, count: senders)
        var isFull = false
        while !isFull {
            isFull = true
            for sender in 0..<senders where bodies.take(16, own: own[sender]) {
                own[sender] += 16
                isFull = false
            }
        }
        #expect(bodies.held == own.reduce(0, +))
        #expect(bodies.held < bodies.limit)
        let fair = 2 * bodies.limit / (2 * senders + 1)
        for amount in own { #expect(abs(amount - fair) <= 48) }
        #expect(bodies.room(own: 0) >= fair / 3)
    }

    // MARK: Connections

    private static let refusal =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 1\r\n"

    private static func post(_ length: Int, _ body: String = "") -> String {
        "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n\(body)"
    }

    @Test("a body for which there is no room is refused before it is read, and later taken")
    func refusesUnread() throws {
        let bodies = BodyBudget(limit: 300)
        let connection = try EmbeddedConnection(TestHandler(), bodies: bodies)
        try connection.send(Self.post(201))
        #expect(try connection.received().hasPrefix(Self.refusal))
        // What comes of it is thrown away.
        try connection.send(String(repeating: "x", count: 201))
        #expect(bodies.held == 0)
        #expect(connection.isOpen)
        #expect(bodies.take(150, own: 0))
        try connection.send(Self.post(101))
        #expect(try connection.received().hasPrefix(Self.refusal))
        try connection.send(String(repeating: "x", count: 101))
        bodies.giveBack(150)
        try connection.send(Self.post(3, "abc"))
        #expect(try connection.received() == .response("200 OK", "POST /a abc"))
        #expect(bodies.held == 0)
    }

    @Test(
        "a body that gets more than there is room for is refused, and the connection closed",
        arguments: [true, false]
    )
    func refusesWhileReading(chunked: Bool) throws {
        let bodies = BodyBudget(limit: 300)
        let connection = try EmbeddedConnection(TestHandler(), bodies: bodies)
        let other = try EmbeddedConnection(TestHandler(), bodies: bodies)
        try other.send(Self.post(150, String(repeating: "x", count: 100)))
        #expect(bodies.held == 100)
        let head =
            chunked ? "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nc8\r\n" : Self.post(132)
        try connection.send(head + String(repeating: "x", count: 50))
        #expect(bodies.held == 150)
        #expect(bodies.take(100, own: 0))
        try connection.send(String(repeating: "x", count: 30))
        let answer = try connection.received()
        #expect(answer.hasPrefix(Self.refusal + "Connection: close\r\n"), "\(answer)")
        #expect(connection.handler.seen == [])
        #expect(bodies.held == 200)
        bodies.giveBack(100)
        try other.send(String(repeating: "x", count: 50))
        #expect(try other.received().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(bodies.held == 0)
    }

    @Test("what a request has in memory counts until it is answered, whatever becomes of its connection")
    func countsUntilAnswered() throws {
        let bodies = BodyBudget(limit: 300)
        let connection = try EmbeddedConnection(TestHandler(.hold), bodies: bodies)
        try connection.send(Self.post(10, "0123456789"))
        do {
            let responder = try #require(connection.handler.next())
            #expect(bodies.held == 10)
            #expect(!responder.hold(201))
            #expect(responder.hold(200))
            #expect(bodies.held == 200)
            #expect(responder.hold(50))
            #expect(bodies.held == 50)
            responder.respond(.text(.ok, "first"))
            #expect(bodies.held == 0)
        }
        #expect(try connection.received() == .response("200 OK", "first"))
        #expect(bodies.held == 0)

        try connection.send(Self.post(10, "0123456789"))
        let responder = try #require(connection.handler.next())
        _ = try connection.channel.finish()
        #expect(bodies.held == 10)
        responder.respond(.text(.ok, "second"))
        #expect(bodies.held == 0)
    }

    @Test(
        "a body that does not come to its end gives back what it had",
        arguments: ["closed", "late", "malformed", "long"]
    )
    func givesBack(end: String) throws {
        let bodies = BodyBudget(limit: 300)
        let connection = try EmbeddedConnection(TestHandler(maxBodyBytes: 100), read: .seconds(5), bodies: bodies)
        try connection.send("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n")
        try connection.send(String(repeating: "x", count: 0x50))
        #expect(bodies.held == 0x50)
        switch end {
        case "closed": _ = try connection.channel.finish()
        case "late": connection.advance(by: .seconds(6))
        case "malformed": try connection.send("\r\nrubbish\r\n")
        default: try connection.send("\r\n50\r\n" + String(repeating: "x", count: 0x50))
        }
        #expect(bodies.held == 0)
        #expect(connection.handler.seen == [])
    }
}
