import HTTPClient
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct ExchangeTests {
    private let server: TestServer
    private let client: HTTPClient

    init() async throws {
        server = try await TestServer.start()
        client = try HTTPClient()
    }

    @Test func aBodyArrivesAndComesBack() async throws {
        let response = try await client.execute(.post(server.url("/echo")))
        #expect(response.status == 200)
        #expect(response.text == "hello")
        #expect(response.header("content-LENGTH") == "5")
        #expect(response.header("Location") == nil)
    }

    @Test(arguments: [0, 1, 65_535, 65_536, (1 << 20) - 1, 1 << 20, 3 << 20])
    func bodiesOfAnySizeArriveWhole(size: Int) async throws {
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let response = try await client.execute(.post(server.url("/echo"), body))
        #expect(response.body == body)
    }

    @Test func oneConnectionServesManyRequestsOneAfterTheOther() async throws {
        for index in 0..<50 {
            let body = Array("request \(index)".utf8)
            #expect(try await client.execute(.post(server.url("/echo"), body)).body == body)
        }
        #expect(server.counters.connections.load(ordering: .relaxed) == 1)
    }

    @Test func aKeptHandleSendsWhatTheNextRequestSays() async throws {
        var request = HTTPClientRequest.post(server.url("/head"))
        request.headers = [(name: "X-One", value: "1"), (name: "X-Empty", value: "")]
        let first = try await client.execute(request).text
        #expect(first.hasPrefix("POST\n"))
        #expect(first.contains("X-One: 1\n") && first.contains("X-Empty: \n"))
        #expect(first.contains("Content-Length: 5\n") && first.contains("User-Agent: steptrace\n"))
        for unwanted in ["Expect", "Content-Type", "Accept"] { #expect(!first.contains(unwanted)) }

        request.headers = [(name: "Content-Type", value: "text/plain"), (name: "Host", value: "other:1")]
        request.body = Array("longer body".utf8)
        let second = try await client.execute(request).text
        #expect(second.contains("Content-Type: text/plain\n") && second.contains("Host: other:1\n"))
        #expect(second.contains("Content-Length: 11\n") && !second.contains("X-One"))

        request = .get(server.url("/head"))
        let third = try await client.execute(request).text
        #expect(third.hasPrefix("GET\n") && !third.contains("Content-Length"))
        #expect(server.counters.connections.load(ordering: .relaxed) == 1)
    }

    @Test(arguments: [("PUT", true), ("PATCH", false), ("DELETE", false), ("DELETE", true), ("OPTIONS", false)])
    func everyMethodIsSentAsItIs(method: String, hasBody: Bool) async throws {
        let request = HTTPClientRequest(method: method, url: server.url("/head"), body: hasBody ? [1, 2, 3] : [])
        let text = try await client.execute(request).text
        #expect(text.hasPrefix("\(method)\n"))
        #expect(text.contains("Content-Length: 3\n") == hasBody)
    }

    @Test func anAnswerToHeadHasNoBody() async throws {
        let response = try await client.execute(HTTPClientRequest(method: "HEAD", url: server.url("/megabyte")))
        #expect(response.header("Content-Length") == "1048576")
        #expect(response.body.isEmpty)
    }

    @Test func aBadStatusIsAnAnswer() async throws {
        let response = try await client.execute(.post(server.url("/status/503")))
        #expect(response.status == 503)
        #expect(response.header("retry-after") == "7")
        #expect(response.text == "busy")
    }

    @Test func redirectsAreNotFollowed() async throws {
        let response = try await client.execute(.get(server.url("/redirect")))
        #expect(response.status == 302)
        #expect(response.header("Location") == "/echo")
    }

    @Test func answersAreDecompressedOnRequestOnly() async throws {
        var request = HTTPClientRequest.get(server.url("/gzip"))
        #expect(try await client.execute(request).body.starts(with: [0x1F, 0x8B]))
        request.acceptsCompression = true
        #expect(try await client.execute(request).text == "hello")
    }

    @Test func anAnswerAboveTheLimitIsAnErrorAndOneAtTheLimitIsNot() async throws {
        var request = HTTPClientRequest.get(server.url("/megabyte"))
        request.maxResponseBytes = 1 << 20
        #expect(try await client.execute(request).body.count == 1 << 20)
        request.maxResponseBytes -= 1
        #expect(
            await error { () throws(HTTPClientError) in try await client.execute(request) }?.kind
                == .responseTooLarge(status: 200)
        )
    }

    @Test func aPostOnAConnectionThatTheServerClosesInsteadOfAnsweringIsSentAgain() async throws {
        for _ in 0..<3 {
            #expect(try await client.execute(.post(server.url("/close-second"))).status == 200)
        }
        // Connection 1 answers request 1 and drops request 2, which connection 2 answers; it drops request 3.
        #expect(server.counters.connections.load(ordering: .relaxed) == 3)
        #expect(server.counters.requests.load(ordering: .relaxed) == 5)
    }

    @Test func aConnectionClosedBetweenTwoRequestsIsReplaced() async throws {
        for _ in 0..<3 {
            #expect(try await client.execute(.post(server.url("/answer-and-close"))).status == 200)
            await eventually { server.counters.openConnections.load(ordering: .relaxed) == 0 }
        }
        #expect(server.counters.connections.load(ordering: .relaxed) == 3)
    }

    @Test func withoutKeepAliveEachRequestHasItsConnection() async throws {
        var configuration = HTTPClient.Configuration()
        configuration.disableKeepAlives = true
        let client = try HTTPClient(configuration: configuration)
        for _ in 0..<3 { #expect(try await client.execute(.get(server.url("/head"))).text.contains("close")) }
        #expect(server.counters.connections.load(ordering: .relaxed) == 3)
    }

    @Test func requestsFromManyTasksAllGetTheirOwnAnswer() async throws {
        let wrong = await withTaskGroup(of: Int.self) { group in
            for task in 0..<32 {
                group.addTask {
                    var wrong = 0
                    for index in 0..<50 {
                        let body = Array("\(task) \(index)".utf8)
                        let response = try? await client.execute(.post(server.url("/echo"), body))
                        if response?.body != body { wrong += 1 }
                    }
                    return wrong
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
        #expect(server.counters.requests.load(ordering: .relaxed) == 32 * 50)
        #expect(server.counters.connections.load(ordering: .relaxed) <= 32)
    }

    @Test func connectionsPerHostAreLimited() async throws {
        var configuration = HTTPClient.Configuration()
        configuration.maxConnectionsPerHost = 2
        let client = try HTTPClient(configuration: configuration)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    #expect((try? await client.execute(.post(server.url("/echo"))))?.status == 200)
                }
            }
        }
        #expect(server.counters.connections.load(ordering: .relaxed) <= 2)
    }

    @Test func aCompletionMaySendTheNextRequest() async throws {
        let request = HTTPClientRequest.post(server.url("/echo"))
        let bodies = await withCheckedContinuation { done in
            chain(request, left: 20, bodies: []) { done.resume(returning: $0) }
        }
        #expect(bodies == Array(repeating: request.body, count: 20))
    }

    private func chain(
        _ request: HTTPClientRequest,
        left: Int,
        bodies: [[UInt8]],
        done: @escaping @Sendable ([[UInt8]]) -> Void
    ) {
        guard left > 0 else { return done(bodies) }
        client.execute(request) { result in
            let body = (try? result.get())?.body
            chain(request, left: left - 1, bodies: bodies + [body ?? []], done: done)
        }
    }
}
