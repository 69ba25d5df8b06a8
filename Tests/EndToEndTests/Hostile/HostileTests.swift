import HTTPClient
import NIOCore
import NIOPosix
import OTLPGRPC
import Replay
import Synchronization
import Testing

/// Every kind of hostile input at the same time, while good senders go on.
@Suite("Hostile senders")
struct HostileTests {
    private static let settings = [
        "receivers.otlp.protocols.http.max_request_body_size=1048576",
        "receivers.otlp.protocols.http.read_header_timeout=4s",
        "receivers.otlp.protocols.http.read_timeout=5s",
        "receivers.otlp.protocols.http.idle_timeout=5s",
        "receivers.otlp.protocols.grpc.endpoint=127.0.0.1:0",
        "receivers.otlp.protocols.grpc.max_recv_msg_size_mib=1",
        "receivers.otlp.protocols.grpc.max_concurrent_streams=100",
    ]
    /// What the gateway may use more than before the first of them, in bytes.
    private static let memory = 256 << 20

    private static func grpcPort(_ stage: Stage) throws -> Int {
        let line = try #require(stage.gateway.output.lines.first { $0.message == "Starting GRPC server" })
        return try #require(line.attributes["endpoint"]?.split(separator: ":").last.flatMap { Int($0) })
    }

    @Test("each kind is answered as it should be, memory stays bounded, and good requests are served meanwhile")
    func kinds() async throws {
        try await Stage.run([], Self.settings, isAlone: true) { stage in
            let grpc = try Self.grpcPort(stage)
            let http = try #require(stage.url.split(separator: ":").last.flatMap { Int($0) })
            let good = try Fixtures.request([Fixtures.span(id: 1)])
            let cases = try HostileCase.http + HostileCase.bodies(good: good) + HostileCase.http2(good: good)
            #expect(cases.count >= 60)
            #expect(Set(cases.map(\.name)).count == cases.count)

            let watch = try GoodSenders(stage, grpcPort: grpc)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await watch.run() }
                try await Self.run(cases, http: http, grpc: grpc)
                watch.stop()
                try await tasks.waitForAll()
            }
            #expect(watch.failures == [], "\(stage.gateway.output.text)")
            #expect(watch.served >= 20, "good requests: \(watch.served)")
            #expect(watch.slowest < .seconds(5), "a good request took \(watch.slowest)")
            #expect(watch.memoryGrowth < Self.memory, "\(watch.memoryGrowth >> 20) MiB")
            #expect(stage.gateway.output.exit == nil, "\(stage.gateway.output.text)")
            print(
                "\(cases.count) kinds; \(watch.served) good requests, the slowest took \(watch.slowest); ",
                terminator: ""
            )
            print("resident memory grew by at most \(watch.memoryGrowth >> 20) MiB")
        }
    }

    private static func run(_ cases: [HostileCase], http: Int, grpc: Int) async throws {
        try await withThrowingTaskGroup(of: String?.self) { tasks in
            var rest = cases[...]
            for _ in 0..<12 {
                if let next = rest.popFirst() { tasks.addTask { try await next.run(http: http, grpc: grpc) } }
            }
            while let complaint = try await tasks.next() {
                if let complaint { Issue.record("\(complaint)") }
                if let next = rest.popFirst() { tasks.addTask { try await next.run(http: http, grpc: grpc) } }
            }
        }
    }
}

/// Sends good requests over both protocols one after the other, and watches the gateway's memory.
private final class GoodSenders: Sendable {
    private struct State {
        var isStopped = false
        var failures: [String] = []
        var served = 0
        var slowest = Duration.zero
        var memory = 0
    }

    private let stage: Stage
    private let grpcPort: Int
    private let body: [UInt8]
    private let memoryBefore: Int
    private let state = Mutex(State())

    init(_ stage: Stage, grpcPort: Int) throws {
        self.stage = stage
        self.grpcPort = grpcPort
        body = try Fixtures.request([Fixtures.span(id: 2)])
        memoryBefore = try stage.gateway.residentMemory
    }

    var failures: [String] { state.withLock { $0.failures } }
    var served: Int { state.withLock { $0.served } }
    var slowest: Duration { state.withLock { $0.slowest } }
    var memoryGrowth: Int { state.withLock { $0.memory } - memoryBefore }

    func stop() { state.withLock { $0.isStopped = true } }

    func run() async throws {
        var options = TraceClientConfiguration(host: "127.0.0.1", port: grpcPort)
        options.waitForReady = true
        let client = try TraceClient(options, group: MultiThreadedEventLoopGroup.singleton)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await client.run() }
            while !state.withLock({ $0.isStopped }) {
                try await measure {
                    let answer = try await stage.post(body)
                    if answer.status != 200 { state.withLock { $0.failures.append("HTTP \(answer.status)") } }
                }
                try await measure { _ = try await client.export(ByteBuffer(bytes: body)) }
            }
            client.shutdown()
            try await tasks.waitForAll()
        }
    }

    private func measure(_ send: () async throws -> Void) async throws {
        let start = ContinuousClock.now
        do {
            try await send()
        } catch {
            state.withLock { $0.failures.append("\(error)") }
        }
        let (time, memory) = (ContinuousClock.now - start, try stage.gateway.residentMemory)
        state.withLock { state in
            state.served += 1
            state.slowest = max(state.slowest, time)
            state.memory = max(state.memory, memory)
        }
    }
}
