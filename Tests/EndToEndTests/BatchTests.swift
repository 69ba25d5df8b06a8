import Glibc
import HTTPClient
import OTLP
import Replay
import SwiftProtobuf
import TestSupport
import Testing

@Suite("Batches")
struct BatchTests {
    private static func spans(_ ids: ClosedRange<UInt64>) -> [Opentelemetry_Proto_Trace_V1_Span] {
        ids.map { Fixtures.span(id: $0) }
    }

    /// The numbers of spans of the requests that have arrived.
    private static func sizes(_ stage: Stage) throws -> [Int] {
        try stage.backend.contents.requests.map { try RawSpan.spans(of: $0.body).count }
    }

    @Test("sending_queue::batch cuts what is larger than max_size between spans")
    func cut() async throws {
        let setting = "exporters.otlp_http.sending_queue.batch={min_size: 5, max_size: 10, flush_timeout: 10m}"
        try await Stage.run([], [setting]) { stage in
            try await stage.send(Fixtures.request(Self.spans(1...25)))
            #expect(await stage.backend.waitUntil { $0.spans.count == 25 })
            #expect(try Self.sizes(stage) == [10, 10, 5])
            #expect(stage.backend.contents.spans.map(\.message) == Self.spans(1...25))
            #expect(stage.backend.contents.spans.allSatisfy { $0.scopeName == "test" })
            await stage.expectBalance(until: { $0.sent == 25 && $0.queued == 0 })
        }
    }

    @Test("the batch processor hands on what many senders have sent as one, and all get their answer")
    func processor() async throws {
        let settings = [
            "processors.batch={send_batch_size: 20, timeout: 10m}",
            "service.pipelines.traces.processors=[batch, tekton_steps]",
        ]
        try await Stage.run([], settings) { stage in
            try await withThrowingTaskGroup { group in
                for id in 0..<10 as Range<UInt64> {
                    group.addTask { try await stage.send(Fixtures.request(Self.spans(2 * id + 1...2 * id + 2))) }
                }
                try await group.waitForAll()
            }
            #expect(await stage.backend.waitUntil { $0.spans.count == 20 })
            #expect(try Self.sizes(stage) == [20])
            let metrics = try await stage.metrics()
            #expect(metrics["otelcol_processor_batch_batch_size_trigger_send", ["processor": "batch"]] == 1)
        }
    }

    @Test("a sender that waits in the batch processor when the end comes gets its answer")
    func end() async throws {
        let settings = ["processors.batch={timeout: 1s}", "service.pipelines.traces.processors=[batch]"]
        try await Stage.run([], settings) { stage in
            async let answer = stage.post(Fixtures.request(Self.spans(1...3)))
            let labels = ["processor": "batch"]
            while try await stage.metrics()["otelcol_processor_batch_metadata_cardinality", labels] != 1 {}
            stage.gateway.send(signal: SIGTERM)
            #expect(await stage.gateway.waitForExit() == .code(0), "\(stage.gateway.output.text)")
            #expect(try await answer.status == 200)
            #expect(stage.backend.contents.spans.count == 3)
        }
    }
}
