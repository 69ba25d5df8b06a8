import HTTPServer
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

/// Responses whose head is encoded once.
@Suite struct HTTPPreparedResponseTests {
    private let response = HTTPServerResponse(
        status: .ok,
        headers: ["Content-Type": "a/b", "Date": "never", "X": "a\r\nb"],
        body: ByteBuffer(string: "body")
    )

    /// What a client gets.
    private func send(_ response: HTTPServerResponse, _ request: String) throws -> String {
        let connection = try EmbeddedConnection(TestHandler(.hold))
        try connection.send(request)
        connection.handler.next()?.respond(response)
        connection.channel.embeddedEventLoop.run()
        var text = ""
        while let bytes = try connection.channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: bytes) }
        #expect(text.ranges(of: "Date: ").count == 1)
        return text.withoutDates
    }

    @Test(
        "it is the same response, whatever the request",
        arguments: [
            "GET /a HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /a HTTP/1.0\r\n\r\n",
            "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        ]
    )
    func same(request: String) throws {
        let expected = try send(response, request)
        #expect(try send(response.prepared, request) == expected)
        #expect(expected.contains("\r\nContent-Type: a/b\r\nX: a  b\r\n"))
    }

    @Test("one that is changed afterwards is encoded anew")
    func changed() throws {
        let request = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"
        var changed = response.prepared
        changed.headers.add(name: "Y", value: "1")
        #expect(try send(changed, request).contains("\r\nY: 1\r\n"))
        changed = response.prepared
        changed.status = .accepted
        #expect(try send(changed, request).hasPrefix("HTTP/1.1 202 Accepted\r\n"))
        changed = response.prepared
        changed.body = ByteBuffer(string: "longer body")
        #expect(try send(changed, request).hasSuffix("\r\nContent-Length: 11\r\n\r\nlonger body"))
    }
}
