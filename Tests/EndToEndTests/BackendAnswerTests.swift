import Replay
import Testing

/// A backend answers one request in an odd way, and the ones after it as it should.
@Suite("The backend's answer")
struct BackendAnswerTests {
    /// What becomes of the request.
    enum Outcome: Sendable {
        /// It counts as taken, and is not sent again.
        case taken
        /// It is sent again.
        case again
        /// It is given up, and that is said.
        case dropped
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let answer: ScriptedBackend.Answer
        let outcome: Outcome

        init(_ description: String, _ answer: ScriptedBackend.Answer, _ outcome: Outcome) {
            testDescription = description
            self.answer = answer
            self.outcome = outcome
        }

        /// A whole answer.
        init(_ description: String, _ status: String, _ type: String?, _ body: String, _ outcome: Outcome) {
            let type = type.map { "Content-Type: \($0)\r\n" } ?? ""
            let head = "HTTP/1.1 \(status)\r\n\(type)Content-Length: \(body.utf8.count)\r\n\r\n"
            self.init(description, .bytes(head + body), outcome)
        }
    }

    private static let protobuf = "application/x-protobuf"
    private static let empty = "Content-Length: 0\r\n\r\n"

    static let whole: [Case] = [
        Case("200 with HTML", "200 OK", "text/html", "<html>It works!</html>", .taken),
        Case("200 without a type", "200 OK", nil, "ok", .taken),
        Case("204", .bytes("HTTP/1.1 204 No Content\r\n\r\n"), .taken),
        Case("299", "299 Whatever", nil, "", .taken),
        Case("partial success", "200 OK", protobuf, "\u{0A}\u{07}\u{08}\u{03}\u{12}\u{03}old", .taken),
        Case("200 that is no message", "200 OK", protobuf, "<html>", .dropped),
        Case("200 with protobuf as JSON", "200 OK", "application/json", "\u{0A}\u{02}\u{08}\u{03}", .dropped),
        Case("200 with JSON as protobuf", "200 OK", protobuf, "{\"partialSuccess\":{}}", .dropped),
        Case("301 elsewhere", .bytes("HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:1/\r\n\(empty)"), .dropped),
        Case("307 to itself", .bytes("HTTP/1.1 307 Temporary\r\nLocation: /v1/traces\r\n\(empty)"), .dropped),
        Case("101", .closing("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), .again),
        Case("304", .bytes("HTTP/1.1 304 Not Modified\r\n\r\n"), .dropped),
        Case("404 with HTML", "404 Not Found", "text/html", "<html>nginx</html>", .dropped),
        Case("500", "500 Oops", nil, "", .dropped),
        Case("502 with HTML", "502 Bad Gateway", "text/html", "<html>nginx</html>", .again),
        Case("503 that is no google.rpc.Status", "503 Busy", protobuf, "\u{7F}\u{7F}", .again),
        Case("999", "999 Odd", nil, "", .dropped),
        Case("a status in HTTP/1.0 until the end", .closing("HTTP/1.0 200 OK\r\n\r\nfine"), .taken),
        Case("100 first", .bytes("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\(empty)"), .taken),
        Case(
            "103 a hundred times",
            .bytes(String(repeating: "HTTP/1.1 103 Hints\r\n\r\n", count: 100) + "HTTP/1.1 200 OK\r\n\(empty)"),
            .taken
        ),
        Case("two answers", .bytes("HTTP/1.1 200 OK\r\n\(empty)HTTP/1.1 500 Oops\r\n\(empty)"), .taken),
    ]

    static let retryAfter: [Case] = ["-5", "soon", "1.5", "", "Thu, 01 Jan 1970 00:00:00 GMT", "0"].map {
        Case("Retry-After: \($0)", .bytes("HTTP/1.1 503 Busy\r\nRetry-After: \($0)\r\n\(empty)"), .again)
    }

    static let broken: [Case] = [
        Case("the connection's end", .closing(""), .again),
        Case("an end in the status line", .closing("HTTP/1."), .again),
        Case("an end in the headers", .closing("HTTP/1.1 200 OK\r\nContent-Le"), .again),
        Case("an end in the body", .closing("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"), .again),
        Case("an end in a chunk", .closing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"), .again),
        Case("an SSH server", .closing("SSH-2.0-OpenSSH_9.2p1\r\n"), .again),
        Case("a TLS alert", .closing("\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}\u{28}"), .again),
        Case("text without a status line", .closing("hello\r\n\r\n"), .again),
        Case("HTTP/2 without having been asked", .closing("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), .again),
        Case("no number for a status", .closing("HTTP/1.1 abc OK\r\n\(empty)"), .again),
        Case("an unknown version", .closing("HTTP/9.9 200 OK\r\n\(empty)"), .again),
        Case("a zero in a header", .closing("HTTP/1.1 200 OK\r\nX: a\u{0}b\r\n\(empty)"), .again),
        Case("a chunk of no length", .closing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), .again),
        Case("a negative length", .closing("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), .again),
    ]

    /// None of these ends by itself.
    static let endless: [Case] = [
        Case("nothing", .silence, .again),
        Case(
            "a byte now and then",
            .dripping("HTTP/1.1 200 OK\r\nX-Long: \(String(repeating: "x", count: 600))"),
            .again
        ),
        Case("100 for ever", .endless("", "HTTP/1.1 100 Continue\r\n\r\n"), .again),
        Case("headers for ever", .endless("HTTP/1.1 200 OK\r\n", "X-Filler: 0123456789\r\n"), .again),
        Case("one header for ever", .endless("HTTP/1.1 200 OK\r\nX-Filler: ", "x"), .again),
        Case("a status line for ever", .endless("HTTP/1.1 200 ", "x"), .again),
        Case("200 and a body for ever", .endless("HTTP/1.1 200 OK\r\n\r\n", "x"), .dropped),
        Case(
            "200 and chunks for ever",
            .endless(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                "400\r\n\(String(repeating: "x", count: 0x400))\r\n"
            ),
            .dropped
        ),
        Case(
            "503 and a body for ever",
            .endless("HTTP/1.1 503 Busy\r\nContent-Length: 9999999999\r\n\r\n", "x"),
            .again
        ),
    ]

    @Test("is whole", arguments: whole)
    func isWhole(_ odd: Case) async throws { try await check(odd) }

    @Test("has a Retry-After that makes no sense", arguments: retryAfter)
    func comesBack(_ odd: Case) async throws { try await check(odd) }

    @Test("is no answer", arguments: broken)
    func isNoAnswer(_ odd: Case) async throws { try await check(odd) }

    @Test("has no end", arguments: endless)
    func hasNoEnd(_ odd: Case) async throws { try await check(odd) }

    private func check(_ odd: Case) async throws {
        try await ScriptedBackend.run([odd.answer]) { backend, url in
            try await Stage.run([], ["exporters.otlp_http.endpoint=\(url)", "exporters.otlp_http.timeout=2s"]) {
                stage in
                let (first, second) = (Fixtures.span(id: 1), Fixtures.span(id: 2))
                try await stage.send(Fixtures.request([first]))
                switch odd.outcome {
                case .taken: break
                case .again: await stage.expectLog("Exporting failed. Will retry the request after interval.")
                case .dropped: await stage.expectLog("Exporting failed. Dropping data.")
                }
                // The backend has seen the first, and what it had to say about it is over.
                let expected = odd.outcome == .again ? [first, second] : [second]
                #expect(await backend.waitUntil { $0.requestCount >= 1 })
                try await stage.send(Fixtures.request([second]))
                #expect(await backend.waitUntil { $0.spans.count >= expected.count }, "\(stage.gateway.output.text)")
                #expect(Set(backend.contents.spans.map(\.message)) == Set(expected), "\(stage.gateway.output.text)")
                #expect(backend.contents.spans.count == expected.count)
                #expect(backend.contents.requestCount == 1 + expected.count)
                let isDropped = stage.gateway.output.contains("Exporting failed. Dropping data.")
                #expect(isDropped == (odd.outcome == .dropped), "\(stage.gateway.output.text)")
                #expect(try stage.gateway.peakMemory < 128 << 20)
            }
        }
    }
}
