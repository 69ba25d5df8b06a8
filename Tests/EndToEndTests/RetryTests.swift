import Replay
import Testing

/// `retry_on_failure`, and how long it lasts.
@Suite("Retries end")
struct RetryTests {
    /// One span is given up, and the next goes through.
    private func expectDropped(
        _ settings: [String],
        _ behavior: RecordingBackend.Behavior,
        _ message: String,
        after: Duration = .zero
    ) async throws {
        try await Stage.run([], settings) { _, backend in
            backend.behave(behavior)
        } _: { stage in
            let start = ContinuousClock.now
            try await stage.send(Fixtures.request([Fixtures.span(id: 1)]))
            await stage.expectLog("Exporting failed. Dropping data.")
            #expect(ContinuousClock.now - start >= after)
            await stage.expectLog(message)
            #expect(try stage.dropped() == 1)
            stage.backend.behave(.accept)
            try await stage.send(Fixtures.request([Fixtures.span(id: 2)]))
            #expect(await stage.backend.waitUntil { $0.spans.count == 1 })
            #expect(stage.backend.contents.spans.map(\.message) == [Fixtures.span(id: 2)])
        }
    }

    @Test("after max_elapsed_time")
    func elapsed() async throws {
        try await expectDropped(
            ["exporters.otlp_http.retry_on_failure.max_elapsed_time=1s"],
            .reject(status: 503),
            "no more retries left: error exporting items",
            // The last attempt is up to max_interval and its spread before the end.
            after: .milliseconds(500)
        )
    }

    @Test("with the first, when they are switched off")
    func off() async throws {
        try await expectDropped(
            ["exporters.otlp_http.retry_on_failure.enabled=false"],
            .reject(status: 503),
            "HTTP Status Code 503"
        )
    }

    @Test(
        "when the backend wants to be left alone for longer than max_elapsed_time",
        arguments: ["301", "9999999999999"]
    )
    func retryAfter(value: String) async throws {
        try await expectDropped(
            [],
            .reject(status: 503, retryAfter: value),
            "no more retries left: error exporting items"
        )
    }

    @Test("with timeout: an attempt that takes longer has failed, and the next may not")
    func timeout() async throws {
        try await Stage.run([], ["exporters.otlp_http.timeout=300ms"]) { _, backend in
            backend.behave(.hang)
        } _: { stage in
            try await stage.send(Fixtures.request([Fixtures.span(id: 1)]))
            #expect(await stage.backend.waitUntil { $0.rejectedCount == 1 })
            stage.backend.behave(.accept)
            await stage.expectLog("Operation timed out after 3")
            #expect(await stage.backend.waitUntil { $0.spans.count == 1 })
        }
    }
}
