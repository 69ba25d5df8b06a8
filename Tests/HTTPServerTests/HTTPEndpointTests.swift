import HTTPServer
import Testing

@Suite struct HTTPEndpointTests {
    @Test(arguments: [
        ("127.0.0.1:4318", "127.0.0.1", 4318), ("localhost:0", "localhost", 0), (":4318", "", 4318),
        ("[::1]:65535", "::1", 65535), ("[::]:80", "::", 80),
    ])
    func parses(text: String, host: String, port: Int) throws {
        let endpoint = try HTTPEndpoint(parsing: text)
        #expect(endpoint == HTTPEndpoint(host: host, port: port))
        #expect(endpoint.description == text)
    }

    @Test(
        arguments: [
            "", "localhost", "localhost:", "localhost:x", "localhost:65536", "localhost:-1", "localhost:+1", "::1:80",
            "[::1:80", "[host]:80", "a b:80", "http://host:80",
        ]
    )
    func rejects(text: String) {
        #expect(throws: HTTPEndpointError.self) { try HTTPEndpoint(parsing: text) }
    }

    @Test func namesTextAndReason() {
        let error = #expect(throws: HTTPEndpointError.self) { try HTTPEndpoint(parsing: "localhost") }
        #expect(error?.description == "endpoint 'localhost': missing port in address")
    }
}
