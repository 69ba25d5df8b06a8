import Glibc
import HTTPClient
import Replay
import Testing

@Suite("Many connections")
struct ConnectionsTests {
    private static let idle = 2000
    private static let busy = 200
    private static let requestsEach = 10

    /// This process has the other end of each connection.
    private func raiseDescriptorLimit() throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = min(limit.rlim_max, max(limit.rlim_cur, 8192))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        try #require(limit.rlim_cur >= 4096, "this system allows \(limit.rlim_max) open files")
    }

    enum Idleness: String, Sendable, CaseIterable {
        case nothing = ""
        case halfARequest = "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Ty"
    }

    @Test("2,000 idle ones, and 200 busy ones are served; memory stays low", arguments: Idleness.allCases)
    func many(_ idleness: Idleness) async throws {
        try raiseDescriptorLimit()
        try await Stage.run([], isAlone: true) { stage in
            let before = try stage.gateway.residentMemory
            let idle = try await OpenConnections(Self.idle, to: stage.url, sending: idleness.rawValue)
            var options = HTTPClientConfiguration()
            options.proxy = ""
            options.maxIdleConnections = Self.busy
            let client = try HTTPClient(configuration: options)
            let url = stage.url + "/v1/traces"
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<Self.busy {
                    group.addTask {
                        for index in 0..<Self.requestsEach {
                            let span = Fixtures.span(id: UInt64(1 + task * Self.requestsEach + index))
                            let request = HTTPClientRequest(
                                method: "POST",
                                url: url,
                                headers: [("Content-Type", "application/x-protobuf")],
                                body: try Fixtures.request([span])
                            )
                            let answer = try await client.execute(request)
                            #expect(answer.status == 200)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let count = Self.busy * Self.requestsEach
            #expect(await stage.backend.waitUntil { $0.spans.count >= count })
            #expect(Set(stage.backend.contents.spans).count == count)
            #expect(stage.backend.contents.spans.count == count)
            // read_header_timeout and idle_timeout are a minute.
            #expect(idle.closedCount == 0)
            #expect(try stage.gateway.peakMemory < before + 100 << 20)
            client.shutdown()
            await idle.close()
        }
    }
}
