import Glibc
import OTLP
import Replay
import TestSupport
import Testing

@testable import steptrace

@Suite("Changing the options of tekton_steps while TaskRuns are followed")
struct ReloadStepsTests {
    private static let names = ["step-fails", "retries", "pipelinerun"]

    /// Every reload is to be in the log.
    private static let settings = ["service.telemetry.logs.sampling.enabled=false"]

    private func write(_ options: String, _ folder: TemporaryFolder) throws -> String {
        try folder.write("overlay.yaml", "processors: {tekton_steps: {\(options)}}\n")
    }

    /// Changes the configuration and waits until it is in force.
    private func reload(_ stage: Stage, _ options: String, _ folder: TemporaryFolder) async throws {
        let text = "The configuration has been reloaded."
        let before = stage.gateway.output.lines.count { $0.message == text }
        _ = try write(options, folder)
        stage.gateway.send(signal: SIGHUP)
        let isDone = await stage.gateway.waitUntil { log in log.lines.count { $0.message == text } > before }
        #expect(isDone && stage.gateway.output.contains("\"replaced\": [\"processor:tekton_steps\"]"))
    }

    @Test("options that the watches do not depend on: every span arrives once, nothing is listed anew, metrics go on")
    func sameWatches() async throws {
        let folder = try TemporaryFolder()
        try await Stage.run(Self.names, Self.settings, overlay: write("max_hold: 250ms", folder)) { stage in
            await stage.waitUntilFollowing()
            let requests = stage.apiServer.requests.count
            try await stage.sendAll()
            var changes = 0
            var events = 0
            while stage.apiServer.step() {
                events += 1
                guard events % 20 == 0 else { continue }
                changes += 1
                try await reload(stage, "max_hold: 250ms, sighting_timeout: \(300 + changes)s", folder)
            }
            #expect(changes >= 3)
            try await stage.expectEverything()
            #expect(stage.apiServer.requests.count == requests)
            let added = try ExpectedSpans(stage.recordings).spans.count
            let metrics = try await stage.metrics {
                $0.sum("steptrace_spans_injected") == Double(added) && $0.sum("steptrace_watch_up") == 3
            }
            #expect(metrics.sum("steptrace_spans_injected") == Double(added))
            #expect(metrics.sum("steptrace_watch_up") == 3)
            let steps = try ExpectedSpans(stage.recordings).spans.count { $0.message.name.hasPrefix("step ") }
            #expect(metrics.sum("steptrace_step_duration_seconds_count") == Double(steps))
        }
    }

    @Test("a reload that fails, with other buckets: the histograms go on as if it had not been")
    func failed() async throws {
        let folder = try TemporaryFolder()
        try await Stage.run(Self.names, Self.settings, overlay: write("max_hold: 250ms", folder)) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            let spans = try ExpectedSpans(stage.recordings).spans
            let steps = Double(spans.count { $0.message.name.hasPrefix("step ") })
            func count(_ metrics: Exposition) -> Double { metrics.sum("steptrace_step_duration_seconds_count") }
            while count(try await stage.metrics()) < 2 { for _ in 0..<10 { stage.apiServer.step() } }
            let counted = count(try await stage.metrics())

            // The receivers come last: when this one cannot listen, the new tekton_steps has begun.
            let used = stage.backend.url.dropFirst("http://".count)
            _ = try folder.write(
                "overlay.yaml",
                """
                processors: {tekton_steps: {max_hold: 250ms, duration_metrics: {buckets: [3s, 17s]}}}
                receivers: {otlp/used: {protocols: {http: {endpoint: "\(used)"}}}}
                service: {pipelines: {traces: {receivers: [otlp, otlp/used]}}}
                """
            )
            stage.gateway.send(signal: SIGHUP)
            await stage.expectLog("The configuration stays as it was.")
            #expect(stage.gateway.output.contains("receivers::otlp/used::protocols::http::endpoint"))
            // What was on its way may have been counted since.
            #expect(count(try await stage.metrics()) >= counted)

            stage.apiServer.advanceToEnd()
            try await stage.expectEverything()
            let metrics = try await stage.metrics { count($0) == steps }
            #expect(count(metrics) == steps)
            #expect(metrics.sum("steptrace_step_duration_seconds_bucket", ["le": "17"]) == 0)
        }
    }

    @Test("other watches: no span is lost")
    func otherWatches() async throws {
        let folder = try TemporaryFolder()
        try await Stage.run(Self.names, Self.settings, overlay: write("max_hold: 250ms", folder)) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            for _ in 0..<30 { stage.apiServer.step() }
            let namespaces = Self.names.map { "lab-\($0)" }
            try await reload(stage, "max_hold: 250ms, namespaces: [\(namespaces.joined(separator: ", "))]", folder)
            for _ in 0..<10 { stage.apiServer.step() }
            try await reload(stage, "max_hold: 250ms", folder)
            stage.apiServer.advanceToEnd()
            let sent = try stage.recordings.flatMap(\.exports).flatMap { try RawSpan.spans(of: $0.body) }
            let expected = try ExpectedSpans(stage.recordings).spans
            let all = Set(sent + expected)
            _ = await stage.backend.waitUntil { all.isSubset(of: $0.spans) }
            // A span may come twice, as after a restart; it is the same then.
            let verdict = DemoVerdict(
                sent: Array(Set(sent)),
                expected: expected,
                received: Array(Set(stage.backend.contents.spans))
            )
            #expect(verdict.isGood, "\(verdict.text)\(stage.gateway.output.text)")
        }
    }
}
