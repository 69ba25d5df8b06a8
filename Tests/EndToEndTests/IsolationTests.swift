import HTTPClient
import Replay
import Testing

/// One backend's trouble is not another's.
@Suite("Several backends")
struct IsolationTests {
    private static let count = 300

    private func requests() throws -> [[UInt8]] {
        try (1...Self.count).map { try Fixtures.request([Fixtures.span(id: UInt64($0))]) }
    }

    private func expectAll(_ backend: RecordingBackend) async throws {
        _ = await backend.waitUntil(timeout: .seconds(20)) { $0.spans.count >= Self.count }
        let spans = backend.contents.spans.map(\.message)
        #expect(spans.count == Self.count)
        #expect(Set(spans) == Set((1...Self.count).map { Fixtures.span(id: UInt64($0)) }))
    }

    enum Trouble: Sendable, CaseIterable {
        case hangs
        case refuses
        case isAway
        case isSlow
    }

    enum Place: Sendable, CaseIterable {
        case samePipeline
        case anotherPipeline

        var settings: [String] {
            switch self {
            case .samePipeline: ["service.pipelines.traces.exporters=[otlp_http,otlp_http/troubled]"]
            case .anotherPipeline:
                [
                    "service.pipelines.traces/troubled.receivers=[otlp]",
                    "service.pipelines.traces/troubled.exporters=[otlp_http/troubled]",
                ]
            }
        }
    }

    @Test(
        "one in trouble holds up neither the senders nor the other, and gets everything once it is well",
        arguments: Trouble.allCases,
        Place.allCases
    )
    func trouble(_ trouble: Trouble, _ place: Place) async throws {
        let troubled = RecordingBackend()
        try await troubled.start()
        switch trouble {
        case .hangs: troubled.behave(.hang)
        case .refuses: troubled.behave(.reject(status: 503))
        case .isAway: await troubled.stop()
        case .isSlow: troubled.behave(.slow(.milliseconds(500)))
        }
        let settings =
            place.settings + [
                "exporters.otlp_http/troubled.endpoint=\(troubled.url)",
                "exporters.otlp_http/troubled.retry_on_failure.initial_interval=50ms",
                "exporters.otlp_http/troubled.retry_on_failure.max_interval=200ms",
            ]
        try await Stage.run([], settings) { stage in
            let start = ContinuousClock.now
            for request in try requests() { try await stage.send(request) }
            try await expectAll(stage.backend)
            #expect(ContinuousClock.now - start < .seconds(10))
            // A slow one may be done by now.
            if trouble != .isSlow { #expect(troubled.contents.spans.isEmpty) }

            if trouble == .hangs { await troubled.stop() }
            troubled.behave(.accept)
            if trouble == .hangs || trouble == .isAway { try await troubled.start() }
            try await expectAll(troubled)
            #expect(try stage.gateway.peakMemory < 128 << 20)
        }
        await troubled.stop()
    }

    @Test("a backend that comes and goes under load gets everything that was accepted")
    func flapping() async throws {
        try await Stage.run([]) { stage in
            try await withThrowingTaskGroup(of: [UInt64].self) { group in
                for task in UInt64(1)...4 {
                    group.addTask {
                        var accepted: [UInt64] = []
                        for id in task * 1000..<task * 1000 + 250 {
                            let status = try await stage.post(Fixtures.request([Fixtures.span(id: id)])).status
                            #expect(status == 200)
                            accepted.append(id)
                        }
                        return accepted
                    }
                }
                for round in 1...5 {
                    #expect(await stage.backend.waitUntil { $0.spans.count >= round })
                    await stage.backend.stop()
                    try await stage.backend.start()
                }
                let accepted = try await group.reduce(into: Set<UInt64>()) { $0.formUnion($1) }
                let expected = Set(accepted.map { Fixtures.span(id: $0) })
                #expect(await stage.backend.waitUntil(timeout: .seconds(20)) { $0.spans.count >= accepted.count })
                #expect(
                    await stage.backend.waitUntil { contents in
                        expected.isSubset(of: contents.spans.map(\.message))
                    }
                )
                #expect(!stage.gateway.output.contains("Dropping data"))
            }
        }
    }
}
