import FoundationEssentials
import HTTPClient
import OTLP
import Replay
import SwiftProtobuf
import Testing

@Suite("memory_limiter under load")
struct MemoryLimiterTests {
    /// A span that takes up a quarter of a megabyte.
    private func large(_ id: UInt64) throws -> [UInt8] {
        try Fixtures.request([Fixtures.large(id: id, bytes: 1 << 18)])
    }

    @Test("senders are told to come again before memory is gone, it recovers, and what was accepted arrives")
    func load() async throws {
        let limit = 160
        let settings = [
            "processors.memory_limiter.check_interval=50ms", "processors.memory_limiter.limit_mib=\(limit)",
            "processors.memory_limiter.spike_limit_mib=64", "exporters.otlp_http.compression=none",
            "service.pipelines.traces.processors=[memory_limiter]",
        ]
        try await Stage.run([], settings, isAlone: true) { _, backend in
            backend.behave(.hang)
        } _: { stage in
            // The queue would hold 1,000 of them.
            var accepted: [UInt64] = []
            var refusals: [HTTPClientResponse] = []
            for id in UInt64(1)...600 where refusals.count < 10 {
                let answer = try await stage.post(large(id))
                if answer.status == 200 { accepted.append(id) } else { refusals.append(answer) }
            }
            #expect(refusals.count == 10, "\(accepted.count) accepted")
            for refusal in refusals {
                #expect(refusal.status == 503)
                #expect(refusal.header("Retry-After") == "1")
                let status = try Google_Rpc_Status(serializedBytes: refusal.body)
                #expect(status.message == "data refused due to high memory usage")
            }
            // What came in between two looks at the memory is above the soft limit.
            let peak = try stage.gateway.peakMemory
            #expect(peak < limit << 20, "\(accepted.count) accepted")
            await stage.expectLog("Memory usage is above soft limit. Refusing data.")

            await stage.backend.stop()
            stage.backend.behave(.accept)
            try await stage.backend.start()
            await stage.expectLog(
                "Memory usage back within limits. Resuming normal operation.",
                timeout: .seconds(60)
            )
            var status = 503
            while status == 503 { status = try await stage.post(large(1000)).status }
            #expect(status == 200)
            accepted.append(1000)
            _ = await stage.backend.waitUntil(timeout: .seconds(60)) { [accepted] in $0.spans.count >= accepted.count }
            let arrived = Set(stage.backend.contents.spans.map { $0.message.spanID })
            #expect(accepted.filter { !arrived.contains(Fixtures.span(id: $0).spanID) } == [])
            #expect(arrived.count == accepted.count)
            #expect(!stage.gateway.output.contains("Dropping data"))
        }
    }
}
