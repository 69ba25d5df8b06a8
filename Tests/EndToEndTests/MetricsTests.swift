import FoundationEssentials
import HTTPClient
import OTLP
import Replay
import TestSupport
import Testing

@testable import steptrace

@Suite("Metrics")
struct MetricsTests {
    @Test("of recordings: accepted is what was sent, injected what was added, each step is counted once")
    func recordings() async throws {
        try await Stage.run(["success", "step-fails", "retries"]) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            stage.apiServer.advanceToEnd()
            try await stage.expectEverything()
            let sent = try stage.recordings.flatMap(\.exports).flatMap { try RawSpan.spans(of: $0.body) }.count
            let added = try ExpectedSpans(stage.recordings).spans
            // The last batch may be confirmed a moment after it has arrived.
            let metrics = try await stage.metrics { $0.sum("steptrace_spans_injected") >= Double(added.count) }
            let http = ["receiver": "otlp", "transport": "http"]
            #expect(metrics["otelcol_receiver_accepted_spans", http] == Double(sent))
            #expect(metrics["otelcol_receiver_refused_spans", http] == 0)
            let items = ["processor": "tekton_steps", "otel_signal": "traces"]
            #expect(metrics["otelcol_processor_incoming_items", items] == Double(sent))
            #expect(metrics["otelcol_processor_outgoing_items", items] == Double(sent + added.count))
            #expect(metrics.sum("steptrace_spans_injected") == Double(added.count))
            let steps = added.count { $0.message.name.hasPrefix("step ") }
            let taskRuns = added.count { $0.message.name.hasPrefix("TaskRun") }
            #expect(
                metrics["steptrace_spans_injected", ["processor": "tekton_steps", "kind": "step"]] == Double(steps)
            )
            #expect(metrics.sum("steptrace_spans_injected", ["kind": "taskrun"]) == Double(taskRuns))
            #expect(metrics.sum("steptrace_step_duration_seconds_count") == Double(steps))
            #expect(metrics.sum("steptrace_task_run_duration_seconds_count") == Double(taskRuns))
            #expect(metrics.sum("steptrace_step_duration_seconds_count", ["result": "failure"]) > 0)
            #expect(metrics.sum("steptrace_spans_due") == 0)
            #expect(metrics.sum("steptrace_watch_up") == 3)
            #expect(metrics.sum("steptrace_watch_errors") == 0)
            #expect(metrics.sum("steptrace_api_requests", ["verb": "watch", "code": "200"]) >= 3)
            #expect(metrics.sum("steptrace_task_runs_tracked") == 3)
            #expect((metrics["otelcol_process_memory_rss"] ?? 0) > 1_000_000)
            #expect((metrics["otelcol_process_runtime_heap_alloc_bytes"] ?? 0) > 100_000)
            try documented(metrics)
        }
    }

    /// Everything that is told is in docs/operations.md, with its labels.
    private func documented(_ metrics: Exposition) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = String(decoding: try Data(contentsOf: root.appending(path: "docs/operations.md")), as: UTF8.self)
        for (name, family) in metrics.families where name != "target_info" {
            let row = page.split(separator: "\n").first { $0.hasPrefix("| `\(name)` | \(family.type) |") }
            guard let row else {
                Issue.record("\(name) is not documented")
                continue
            }
            let labels = Set(family.samples.flatMap(\.labels.keys)).subtracting(["le", "otel_metric_overflow"])
            for label in labels { #expect(row.contains("`\(label)`"), "\(name): \(label)") }
        }
    }

    @Test("the API server away: the watches are down, and errors are counted by kind")
    func watches() async throws {
        try await Stage.run(["success"]) { stage in
            await stage.waitUntilFollowing()
            await stage.apiServer.stop()
            let metrics = try await stage.metrics {
                $0.sum("steptrace_watch_up") == 0 && $0.sum("steptrace_watch_errors", ["kind": "connect"]) >= 3
            }
            #expect(metrics.sum("steptrace_watch_up") == 0)
            #expect(metrics.sum("steptrace_watch_errors", ["kind": "connect"]) >= 3)
            #expect(metrics.sum("steptrace_api_requests", ["code": "error"]) >= 3)
        }
    }

    @Test("a port in use ends the start with a message that says what to do")
    func portInUse() async throws {
        let backend = RecordingBackend()
        try await backend.start()
        let port = try #require(backend.url.split(separator: ":").last)
        let gateway = try await Steptrace.start(
            "--config",
            """
            yaml:
            receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
            exporters: {debug: }
            service:
              pipelines: {traces: {receivers: [otlp], exporters: [debug]}}
              telemetry: {metrics: {address: "127.0.0.1:\(port)"}}
            """
        )
        #expect(await gateway.waitForExit() == .code(1))
        let text = gateway.output.text
        #expect(text.contains("service::telemetry::metrics::readers: listen tcp 127.0.0.1:\(port): "), "\(text)")
        #expect(text.contains("service::telemetry::metrics::level to none"), "\(text)")
        #expect(!gateway.output.isReady)
        await backend.stop()
    }
}
