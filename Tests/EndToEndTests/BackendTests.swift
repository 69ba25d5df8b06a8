import HTTPClient
import OTLP
import Replay
import SwiftProtobuf
import TestSupport
import Testing

@Suite("The backend is not well")
struct BackendTests {
    private static let exporter = "exporter:otlp_http"

    @Test("away and back: nothing is lost, and health_check tells")
    func away() async throws {
        try await Stage.run(["success", "step-fails"]) { _, backend in
            await backend.stop()
        } _: { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            stage.apiServer.advanceToEnd()
            await stage.expectLog("Exporting failed. Will retry the request after interval.")
            let ill = try await stage.health { $0.components[Self.exporter]?.error != nil }
            #expect(ill.status == "Server available")
            #expect(ill.components[Self.exporter]?.error?.contains("exporting failed") == true, "\(ill)")
            try await stage.backend.start()
            try await stage.expectEverything()
            let well = try await stage.health { $0.components[Self.exporter]?.status == "StatusOK" }
            #expect(well.components[Self.exporter]?.status == "StatusOK")
        }
    }

    @Test("it goes in the middle of a request: that is sent again")
    func cutOff() async throws {
        try await Stage.run(["success"]) { _, backend in
            backend.behave(.hang)
        } _: { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            #expect(await stage.backend.waitUntil { $0.rejectedCount > 0 })
            await stage.backend.stop()
            stage.backend.behave(.accept)
            stage.apiServer.advanceToEnd()
            try await stage.backend.start()
            try await stage.expectEverything()
        }
    }

    @Test("a 503 with Retry-After is kept to")
    func retryAfter() async throws {
        try await Stage.run([]) { _, backend in
            backend.behave(.reject(status: 503, retryAfter: "1", times: 1))
        } _: { stage in
            let start = ContinuousClock.now
            try await stage.send(Fixtures.request([Fixtures.span(id: 1)]))
            #expect(await stage.backend.waitUntil { $0.spans.count == 1 })
            #expect(ContinuousClock.now - start >= .seconds(1))
            #expect(stage.backend.contents.rejectedCount == 1)
        }
    }

    @Test("a body that it refuses for good is dropped and logged, and the next goes through")
    func refusedForGood() async throws {
        try await Stage.run([]) { _, backend in
            backend.behave(.reject(status: 400, times: 1))
        } _: { stage in
            try await stage.send(Fixtures.request([Fixtures.span(id: 1)]))
            await stage.expectLog("Exporting failed. Dropping data.")
            let dropped = try await stage.metrics()
            let labels = ["exporter": "otlp_http"]
            let rejected = ["exporter": "otlp_http", "cause": "rejected"]
            #expect(dropped["otelcol_exporter_send_failed_spans", labels] == 1)
            #expect(dropped["steptrace_exporter_dropped_spans", rejected] == 1)
            try await stage.send(Fixtures.request([Fixtures.span(id: 2)]))
            #expect(await stage.backend.waitUntil { $0.spans.count == 1 })
            #expect(stage.backend.contents.spans.map(\.message) == [Fixtures.span(id: 2)])
            await stage.expectBalance(until: { $0.sent == 1 && $0.queued == 0 })
        }
    }

    /// Spans are due, the next component refuses whatever comes, and a batch of their trace is refused with them in it.
    /// When it is sent again, all come out once.
    private func refuse(
        _ settings: [String],
        others: [[UInt8]],
        behavior: RecordingBackend.Behavior,
        _ check: (Stage, [UInt8]) async throws -> Void
    ) async throws {
        let settings = settings + ["service.telemetry.logs.level=debug"]
        try await Stage.run(["success"], settings) { stage in
            func accept(_ body: [UInt8]) async throws {
                var status = 0
                while status != 200 {
                    status = try await stage.post(body).status
                    try #require(status == 200 || status == 503)
                }
            }
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            try await stage.expectOnlySent()
            stage.backend.behave(behavior)
            // The backend has what was sent before; that the exporter knows it, too, may take a moment.
            for other in others { try await accept(other) }
            stage.apiServer.advanceToEnd()
            // Refused on their own, they are due again from here on.
            await stage.expectLog("added spans were refused")
            var span = Fixtures.span(id: 100)
            span.traceID = try #require(stage.backend.contents.spans.first).message.traceID
            let batch = try Fixtures.request([span])
            try await check(stage, batch)

            stage.backend.behave(.accept)
            try await accept(batch)
            try await stage.expectEverything(others: try (others + [batch]).flatMap { try RawSpan.spans(of: $0) })
        }
    }

    @Test("the queue is full: 503 with Retry-After, and due spans are neither lost nor doubled")
    func queueFull() async throws {
        try await refuse(
            ["exporters.otlp_http.sending_queue.queue_size=1"],
            others: [try Fixtures.request([Fixtures.span(id: 1)])],
            behavior: .reject(status: 503)
        ) { stage, batch in
            for _ in 0..<3 {
                let answer = try await stage.post(batch)
                #expect(answer.status == 503)
                #expect(answer.header("Retry-After") == "1")
                #expect(answer.header("Content-Type") == "application/x-protobuf")
                let status = try Google_Rpc_Status(serializedBytes: answer.body)
                #expect(status.code == 14)
                #expect(status.message == "sending queue is full")
            }
            await stage.expectLog("sending queue is full; senders are told to try again later")
        }
    }

    @Test("without a queue the sender gets the backend's refusal, and due spans are neither lost nor doubled")
    func queueOff() async throws {
        try await refuse(
            [
                "exporters.otlp_http.sending_queue.enabled=false",
                "exporters.otlp_http.retry_on_failure.enabled=false",
            ],
            others: [],
            behavior: .reject(status: 503)
        ) { stage, batch in
            let refused = try await stage.post(batch)
            #expect(refused.status == 503)
            #expect(try Google_Rpc_Status(serializedBytes: refused.body).message.contains("HTTP Status Code 503"))
            stage.backend.behave(.reject(status: 401))
            let refusedForGood = try await stage.post(batch)
            #expect(refusedForGood.status == 500)
            #expect(try Google_Rpc_Status(serializedBytes: refusedForGood.body).code == 13)
        }
    }

    @Test("without a queue the sender waits for the backend")
    func waits() async throws {
        try await Stage.run([], ["exporters.otlp_http.sending_queue.enabled=false"]) { _, backend in
            backend.behave(.reject(status: 503, times: 2))
        } _: { stage in
            try await stage.send(Fixtures.request([Fixtures.span(id: 1)]))
            #expect(stage.backend.contents.spans.count == 1)
            #expect(stage.backend.contents.rejectedCount == 2)
        }
    }
}
