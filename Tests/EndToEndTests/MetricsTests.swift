import HTTPClient
import OTLP
import Replay
import Testing

@testable import steptrace

@Suite("Metrics")
struct MetricsTests {
    @Test("of a recording: accepted is what was sent")
    func recording() async throws {
        try await Stage.run(["success"]) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            stage.apiServer.advanceToEnd()
            try await stage.expectEverything()
            let metrics = try await stage.metrics()
            let sent = try stage.recordings.flatMap(\.exports).flatMap { try RawSpan.spans(of: $0.body) }.count
            let labels = ["receiver": "otlp", "transport": "http"]
            #expect(metrics["otelcol_receiver_accepted_spans", labels] == Double(sent))
            #expect(metrics["otelcol_receiver_refused_spans", labels] == 0)
            #expect((metrics["otelcol_process_memory_rss"] ?? 0) > 1_000_000)
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
