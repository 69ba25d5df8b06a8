import HTTPClient
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct FailureTests {
    private let server: TestServer
    private let client: HTTPClient

    init() async throws {
        server = try await TestServer.start()
        client = try HTTPClient()
    }

    private func failure(_ request: HTTPClientRequest) async -> HTTPClientError? {
        await error { () throws(HTTPClientError) in try await client.execute(request) }
    }

    @Test func aRefusedConnectionSaysWhereAndWhy() async throws {
        // Nobody listens on tcpmux; a port that was free a moment ago may be another test's by now.
        let url = "http://127.0.0.1:1/v1/traces"
        let error = await failure(.post(url))
        #expect(error?.kind == .connect)
        #expect(error?.message.hasPrefix("Post \"\(url)\": Failed to connect to 127.0.0.1 port ") == true)
        #expect(error?.message.hasSuffix(": Connection refused") == true)
    }

    @Test func credentialsInAURLAreNotInItsErrors() async throws {
        let url = "http://user:secret@127.0.0.1:1/p@th?a=@"
        let error = await failure(.post(url))
        #expect(error?.message.contains("\"http://redacted@127.0.0.1:1/p@th?redacted\"") == true)
        let asked = await failure(HTTPClientRequest(method: "GET", url: url))
        #expect(asked?.message.contains("\"http://redacted@127.0.0.1:1/p@th?a=@\"") == true)
    }

    @Test(arguments: [
        "", "no url", "http://", "http://host:port/", "ftp://127.0.0.1/", "http://a\u{0}b/", "/v1/traces",
    ])
    func anUnusableURLIsAnError(url: String) async {
        #expect(await failure(.post(url))?.kind == .invalidURL)
    }

    @Test(arguments: [("Bad Name", "x"), ("", "x"), ("X", "a\r\nInjected: b"), ("X", "a\u{0}b")])
    func aHeaderThatHTTPDoesNotAllowIsAnError(name: String, value: String) async {
        var request = HTTPClientRequest.post(server.url("/echo"))
        request.headers = [(name: name, value: value)]
        #expect(await failure(request)?.kind == .other)
        #expect(server.counters.requests.load(ordering: .relaxed) == 0)
    }

    @Test func aMethodThatHTTPDoesNotAllowIsAnError() async {
        let request = HTTPClientRequest(method: "GET /echo HTTP/1.1\r\n", url: server.url("/echo"))
        #expect(await failure(request)?.message.contains("not an HTTP method") == true)
    }

    @Test func aServerThatDoesNotAnswerInTimeIsATimeout() async {
        var request = HTTPClientRequest.post(server.url("/silent"))
        request.timeout = .milliseconds(50)
        let error = await failure(request)
        #expect(error?.kind == .timeout)
        #expect(error?.message.contains("timed out") == true)
    }

    @Test func aServerThatFallsSilentInTheAnswerIsAnIdleTimeout() async {
        var request = HTTPClientRequest.post(server.url("/drip"))
        request.idleTimeout = .milliseconds(50)
        let error = await failure(request)
        #expect(error?.kind == .timeout)
        #expect(error?.message.hasSuffix("nothing came for 0.05 seconds") == true)
    }

    @Test func aConnectionClosedWithoutAnswerIsDisconnected() async {
        #expect(await failure(.post(server.url("/close")))?.kind == .disconnected)
        #expect(server.counters.requests.load(ordering: .relaxed) == 1)
    }

    @Test func aConnectionClosedInTheAnswerIsDisconnected() async {
        #expect(await failure(.post(server.url("/half")))?.kind == .disconnected)
    }

    @Test func aConnectionClosedInTheHeadersIsDisconnected() async {
        let error = await failure(.post(server.url("/half-head")))
        #expect(error?.kind == .disconnected)
    }

    @Test func aServerWithoutTLSIsATLSError() async {
        let url = server.url("/").replacing("http:", with: "https:")
        #expect(await failure(.get(url))?.kind == .tls)
    }

    @Test func afterAFailureTheClientGoesOn() async throws {
        for path in ["/close", "/half"] {
            #expect(await failure(.post(server.url(path))) != nil)
            #expect(try await client.execute(.post(server.url("/echo"))).text == "hello")
        }
    }

    @Test func cancellingTheTaskEndsTheRequest() async {
        let task = Task { await failure(.post(server.url("/silent"))) }
        await eventually { server.counters.requests.load(ordering: .relaxed) == 1 }
        task.cancel()
        #expect(await task.value?.kind == .cancelled)
        await eventually { server.counters.openConnections.load(ordering: .relaxed) == 0 }
    }

    @Test func aTaskThatIsCancelledBeforehandSendsNothing() async {
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await failure(.post(server.url("/silent")))
        }
        #expect(await task.value?.kind == .cancelled)
    }

    @Test func anUnreadableFileIsAnErrorOfTheConfiguration() async {
        var configuration = HTTPClient.Configuration()
        configuration.tls.caFile = "/nonexistent/ca.pem"
        let error = await error { () throws(HTTPClientError) in try HTTPClient(configuration: configuration) }
        #expect(error?.message == "TLS CA file /nonexistent/ca.pem: No such file or directory")
    }
}
