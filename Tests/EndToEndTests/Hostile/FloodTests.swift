import HTTPServer
import NIOCore
import NIOPosix
import Replay
import Testing

@Suite("Flood of connections")
struct FloodTests {
    /// Opens so many connections on which nothing is sent.
    private static func idle(_ count: Int, port: Int) async throws -> [any Channel] {
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        var channels: [any Channel] = []
        while channels.count < count {
            // In portions, so that the backlog holds them.
            let attempts = (0..<min(100, count - channels.count)).map { _ in
                bootstrap.connect(host: "127.0.0.1", port: port)
            }
            for attempt in attempts { channels.append(try await attempt.get()) }
        }
        return channels
    }

    private static func close(_ channels: [any Channel]) async {
        for channel in channels { try? await channel.close().get() }
    }

    private static func port(_ stage: Stage) throws -> Int {
        try #require(stage.url.split(separator: ":").last.flatMap { Int($0) })
    }

    @Test("a flood of idle connections beyond the limit locks no good sender out")
    func flood() async throws {
        #expect(FileDescriptorLimit.value >= 10_000)
        try await Stage.run([], isAlone: true) { stage in
            let port = try Self.port(stage)
            let body = try Fixtures.request([Fixtures.span(id: 1)])
            let flood = try await withThrowingTaskGroup(of: [any Channel].self) { tasks in
                tasks.addTask { try await Self.idle(4500, port: port) }
                // A connection of its own each, in the middle of it.
                let head =
                    "POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
                    + "Connection: close\r\nContent-Length: \(body.count)\r\n\r\n"
                for _ in 0..<50 {
                    let received = try await RawExchange(port: port).send(Array(head.utf8) + body)
                    #expect(String(decoding: received.bytes.prefix(12), as: UTF8.self) == "HTTP/1.1 200")
                }
                return try await tasks.next() ?? []
            }
            let received = try await RawExchange(port: port).send(
                Array("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".utf8)
            )
            #expect(String(decoding: received.bytes.prefix(12), as: UTF8.self) == "HTTP/1.1 404")
            #expect(stage.gateway.output.contains("There are as many connections as allowed"))
            // Those that had to go, and their places are all that is missing.
            let gone = flood.count { !$0.isActive }
            #expect((1...600).contains(gone), "\(gone)")
            await Self.close(flood)
        }
    }
}
