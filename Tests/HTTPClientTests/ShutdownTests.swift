import Synchronization
import Testing

@testable import HTTPClient

@Suite(.timeLimit(.minutes(1)))
struct ShutdownTests {
    private let server: TestServer

    init() async throws {
        server = try await TestServer.start()
    }

    @Test func whatIsUnderWayIsCancelled() async throws {
        let client = try HTTPClient()
        let stream = try await client.stream(.get(server.url("/drip")))
        let requests = (0..<10).map { _ in
            Task {
                await error { () throws(HTTPClientError) in try await client.execute(.post(server.url("/silent"))) }
            }
        }
        await eventually { server.counters.requests.load(ordering: .relaxed) == 11 }
        client.shutdown()
        for request in requests { #expect(await request.value?.kind == .cancelled) }
        let end = await error { () throws(HTTPClientError) in
            for try await _ in stream {}
        }
        #expect(end?.message.hasSuffix("the HTTP client has been shut down") == true)
        await eventually { server.counters.openConnections.load(ordering: .relaxed) == 0 }
    }

    @Test func afterwardsRequestsFailAtOnce() async throws {
        let client = try HTTPClient()
        client.shutdown()
        client.shutdown()
        let request = HTTPClientRequest.post(server.url("/echo"))
        #expect(await error { () throws(HTTPClientError) in try await client.execute(request) }?.kind == .cancelled)
        #expect(await error { () throws(HTTPClientError) in try await client.stream(request) }?.kind == .cancelled)
        let isCalled = Atomic(false)
        client.execute(request) { _ in isCalled.store(true, ordering: .relaxed) }
        let wasCalled = isCalled.load(ordering: .relaxed)
        #expect(wasCalled)
    }

    @Test func aClientThatIsDroppedLeavesNothingBehind() async throws {
        for _ in 0..<20 {
            weak var inbox: Inbox?
            do {
                let client = try HTTPClient()
                inbox = client.inbox
                #expect(try await client.execute(.post(server.url("/echo"))).status == 200)
                client.execute(.post(server.url("/silent"))) { _ in }
            }
            // The loop holds it, and with it handles, sockets and connections, as long as its thread lives.
            #expect(inbox == nil)
        }
        await eventually { server.counters.openConnections.load(ordering: .relaxed) == 0 }
    }

    @Test func itMayBeCalledFromACompletion() async throws {
        let client = try HTTPClient()
        await withCheckedContinuation { done in
            client.execute(.post(server.url("/echo"))) { _ in
                client.shutdown()
                done.resume()
            }
        }
        let request = HTTPClientRequest.post(server.url("/echo"))
        #expect(await error { () throws(HTTPClientError) in try await client.execute(request) }?.kind == .cancelled)
    }

    @Test func requestsFromManyThreadsDuringShutdownAllEnd() async throws {
        let client = try HTTPClient()
        let url = server.url("/echo")
        let ended = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var ended = 0
                    for _ in 0..<100 {
                        switch await error(of: { () throws(HTTPClientError) in try await client.execute(.post(url)) }) {
                        case nil: ended += 1
                        case let failure?: ended += failure.kind == .cancelled ? 1 : 0
                        }
                    }
                    return ended
                }
            }
            group.addTask {
                await eventually { server.counters.requests.load(ordering: .relaxed) >= 50 }
                client.shutdown()
                return 0
            }
            return await group.reduce(0, +)
        }
        #expect(ended == 800)
    }
}
