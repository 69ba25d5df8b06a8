import Glibc
import HTTPClient
import OTLP
import Replay
import Testing

@Suite("The end")
struct ShutdownTests {
    /// Posts batches of one span, one after the other, until the receiver takes no more.
    ///
    /// - Returns: the ids of the spans that were answered with 200.
    private static func load(_ stage: Stage, first: UInt64) async throws -> [UInt64] {
        var ids: [UInt64] = []
        for id in first... {
            do {
                guard try await stage.post(Fixtures.request([Fixtures.span(id: id)])).status == 200 else { continue }
                ids.append(id)
            } catch {
                return ids
            }
        }
        return ids
    }

    @Test(
        "a signal during load: whatever was answered with 200 arrives once, in time, exit code 0",
        arguments: [SIGTERM, SIGINT]
    )
    func load(signal: Int32) async throws {
        let timeout = Duration.seconds(5)
        try await Stage.run(["success"], ["service.shutdown_timeout=5s", "processors.tekton_steps.max_hold=10m"]) {
            stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            stage.apiServer.advanceToEnd()
            let accepted = try await withThrowingTaskGroup(of: [UInt64].self) { group in
                for task in 1...8 {
                    group.addTask { try await Self.load(stage, first: UInt64(task) << 32) }
                }
                #expect(await stage.backend.waitUntil(timeout: .seconds(20)) { $0.requests.count > 200 })
                let start = ContinuousClock.now
                stage.gateway.send(signal: signal)
                #expect(await stage.gateway.waitForExit() == .code(0), "\(stage.gateway.output.text)")
                #expect(ContinuousClock.now - start < timeout)
                return try await group.reduce(into: []) { $0 += $1 }
            }
            let arrived = stage.backend.contents.spans.map(\.message).filter { $0.name == "other" }
            #expect(accepted.count > 100)
            #expect(Set(accepted.map { Fixtures.span(id: $0) }).subtracting(arrived).isEmpty)
            #expect(Set(arrived).count == arrived.count)
            let last = try #require(stage.gateway.output.lines.first { $0.message == "Exporter stopped." }).text
            let sent = stage.backend.contents.spans.count
            #expect(last.contains("\"accepted_items\": \(sent),"), "\(last)")
            #expect(last.contains("\"sent_items\": \(sent)}"), "\(last)")
            // What was due and had no batch to ride on goes out at the end.
            #expect(stage.backend.contents.injected.contains { $0.message.name == "step build" })
        }
    }

    @Test("a backend that never answers holds up the end for shutdown_timeout, no longer")
    func timeout() async throws {
        try await Stage.run([], ["service.shutdown_timeout=1s"]) { _, backend in
            backend.behave(.hang)
        } _: { stage in
            try await stage.send(Fixtures.request([Fixtures.span(id: 1)]))
            #expect(await stage.backend.waitUntil { $0.rejectedCount == 1 })
            let start = ContinuousClock.now
            stage.gateway.send(signal: SIGTERM)
            #expect(await stage.gateway.waitForExit() == .code(0))
            let duration = ContinuousClock.now - start
            #expect(duration >= .milliseconds(900) && duration < .seconds(3), "\(duration)")
            await stage.expectLog("dropped_items\": 1")
            let last = try #require(stage.gateway.output.lines.first { $0.message == "Exporter stopped." }).text
            #expect(last.contains("\"accepted_items\": 1,") && last.contains("\"sent_items\": 0"), "\(last)")
            #expect(last.contains("\"dropped_shutdown\": 1") && last.contains("\"dropped_rejected\": 0"), "\(last)")
        }
    }

    @Test("an exporter whose backend hangs does not take the last attempt of another")
    func lastAttempts() async throws {
        let (hanging, other) = (RecordingBackend(), RecordingBackend())
        try await hanging.start()
        try await other.start()
        hanging.behave(.hang)
        other.behave(.reject(status: 503))
        let settings = [
            "exporters.otlp_http/a.endpoint=\(other.url)",
            "exporters.otlp_http/a.retry_on_failure.initial_interval=1m",
            "exporters.otlp_http/a.retry_on_failure.max_interval=1m",
            "exporters.otlp_http/b.endpoint=\(hanging.url)",
            "service.pipelines.traces.exporters=[otlp_http/a,otlp_http/b]",
            "service.shutdown_timeout=1s",
        ]
        try await Stage.run([], settings) { stage in
            try await stage.send(Fixtures.request([Fixtures.span(id: 1)]))
            #expect(await hanging.waitUntil { $0.rejectedCount == 1 })
            await stage.expectLog("Exporting failed. Will retry the request after interval.")
            other.behave(.accept)
            stage.gateway.send(signal: SIGTERM)
            #expect(await stage.gateway.waitForExit() == .code(0))
            #expect(other.contents.spans.count == 1, "\(stage.gateway.output.text)")
        }
        await hanging.stop()
        await other.stop()
    }

    @Test("a second signal ends it at once, unless it comes with the first, as from wrappers that send it twice")
    func second() async throws {
        try await Stage.run([], ["service.shutdown_timeout=10m"], exit: .code(1)) { _, backend in
            backend.behave(.hang)
        } _: { stage in
            try await stage.send(Fixtures.request([Fixtures.span(id: 1)]))
            #expect(await stage.backend.waitUntil { $0.rejectedCount == 1 })
            let start = ContinuousClock.now
            stage.gateway.send(signal: SIGTERM)
            await stage.expectLog("Starting shutdown...")
            // Again and again: what ends it is the first one that comes a second later.
            while stage.gateway.output.exit == nil, ContinuousClock.now - start < .seconds(20) {
                stage.gateway.send(signal: SIGTERM)
                _ = await stage.gateway.waitForExit(timeout: .milliseconds(100))
            }
            #expect(ContinuousClock.now - start > .seconds(1))
            #expect(stage.gateway.output.exit == .code(1))
            await stage.expectLog("Received the signal again, it is ending.")
            await stage.expectLog("second signal")
        }
    }
}
