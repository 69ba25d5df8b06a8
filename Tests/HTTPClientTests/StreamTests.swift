import HTTPClient
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1)))
struct StreamTests {
    private let server: TestServer
    private let client: HTTPClient

    init() async throws {
        server = try await TestServer.start()
        client = try HTTPClient()
    }

    @Test func aChunkedAnswerArrivesInOrderToItsEnd() async throws {
        let stream = try await client.stream(.get(server.url("/chunks")))
        #expect(stream.status == 200)
        #expect(stream.header("transfer-encoding") == "chunked")
        var body: [UInt8] = []
        for try await chunk in stream { body.append(contentsOf: chunk) }
        #expect(String(decoding: body, as: UTF8.self) == (0..<100).map { "chunk \($0)\n" }.joined())
    }

    @Test func anAnswerIsThereBeforeItsEnd() async throws {
        let stream = try await client.stream(.get(server.url("/drip")))
        var chunks = stream.makeAsyncIterator()
        #expect(try await chunks.next() == Array("first".utf8))
    }

    @Test func theBodyOfABadStatusCanBeRead() async throws {
        let stream = try await client.stream(.get(server.url("/status/503")))
        #expect(stream.status == 503)
        #expect(stream.header("Retry-After") == "7")
        #expect(try await stream.collect(upTo: 3) == Array("bus".utf8))
    }

    @Test func aSlowReaderHoldsTheServerUpAndLosesNothing() async throws {
        let stream = try await client.stream(.get(server.url("/flood")))
        // Meanwhile everything else goes on.
        for _ in 0..<100 { #expect(try await client.execute(.post(server.url("/echo"))).status == 200) }
        #expect(server.counters.bytesWritten.load(ordering: .relaxed) < 32 << 20)

        var count = 0
        var onlyNines = true
        for try await chunk in stream {
            count += chunk.count
            onlyNines = onlyNines && chunk.allSatisfy { $0 == 9 }
            #expect(chunk.count <= 512 << 10)
        }
        #expect(count == 64 << 20)
        #expect(onlyNines)
    }

    @Test func silenceIsATimeout() async throws {
        var request = HTTPClientRequest.get(server.url("/drip"))
        request.timeout = nil
        // Long enough for the first piece on a busy machine.
        request.idleTimeout = .milliseconds(800)
        var chunks = try await client.stream(request).makeAsyncIterator()
        #expect(try await chunks.next() == Array("first".utf8))
        #expect(await error { () throws(HTTPClientError) in try await chunks.next() }?.kind == .timeout)
        #expect(try await chunks.next() == nil)
    }

    @Test func silenceBeforeTheHeadersIsATimeout() async throws {
        var request = HTTPClientRequest.get(server.url("/silent"))
        request.idleTimeout = .milliseconds(50)
        #expect(await error { () throws(HTTPClientError) in try await client.stream(request) }?.kind == .timeout)
    }

    @Test func aReaderWhoIsBehindIsNoSilenceOfTheServer() async throws {
        var request = HTTPClientRequest.get(server.url("/flood"))
        request.idleTimeout = .milliseconds(500)
        let stream = try await client.stream(request)
        var other = HTTPClientRequest.get(server.url("/silent"))
        other.timeout = .milliseconds(1_200)
        #expect(await error { () throws(HTTPClientError) in try await client.execute(other) }?.kind == .timeout)
        var count = 0
        for try await chunk in stream { count += chunk.count }
        #expect(count == 64 << 20)
    }

    @Test func aBreakInTheAnswerIsAnErrorAfterWhatHadCome() async throws {
        var chunks = try await client.stream(.get(server.url("/half"))).makeAsyncIterator()
        #expect(try await chunks.next() == Array("half".utf8))
        #expect(await error { () throws(HTTPClientError) in try await chunks.next() }?.kind == .disconnected)
        #expect(try await chunks.next() == nil)
    }

    @Test func droppingTheStreamClosesItsConnection() async throws {
        do {
            let stream = try await client.stream(.get(server.url("/drip")))
            #expect(stream.status == 200)
        }
        await eventually { server.counters.openConnections.load(ordering: .relaxed) == 0 }
        #expect(try await client.execute(.post(server.url("/echo"))).status == 200)
    }

    @Test func cancellingTheReaderClosesItsConnection() async throws {
        let stream = try await client.stream(.get(server.url("/drip")))
        let task = Task {
            await error { () throws(HTTPClientError) in
                for try await _ in stream {}
            }
        }
        task.cancel()
        #expect(await task.value?.kind == .cancelled)
        await eventually { server.counters.openConnections.load(ordering: .relaxed) == 0 }
    }

    @Test func manyStreamsAndRequestsShareAClient() async throws {
        let client = client
        let server = server
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await client.stream(.get(server.url("/chunks"))).collect(upTo: .max).count
                }
            }
            for try await count in group { #expect(count == 990 - 100) }
        }
    }
}
