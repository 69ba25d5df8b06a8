import FoundationEssentials
import HTTPClient
import OTLP
import Replay
import SwiftProtobuf
import Testing

@testable import steptrace

@Suite("Due spans")
struct HoldTests {
    private static let maxHold = Duration.milliseconds(400)

    @Test("a due span rides on the next batch of its trace")
    func rides() async throws {
        try await Stage.run(["success"], ["processors.tekton_steps.max_hold=10m"]) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            stage.apiServer.advanceToEnd()
            let count = try Fixtures.places("success").count
            let trace = try #require(try ExpectedSpans(stage.recordings).spans.first).message.traceID
            let clock = ContinuousClock()
            let end = clock.now + .seconds(20)
            var sent: UInt64 = 0
            // What is due is seen only when it comes out. Batches of other traces do not take it along.
            while stage.backend.contents.injected.count < count, clock.now < end {
                for isOfTrace in [false, true] {
                    sent += 1
                    var other = Fixtures.span(id: sent)
                    if isOfTrace { other.traceID = trace }
                    try await stage.send(Fixtures.request([other]))
                    let id = other.spanID
                    #expect(await stage.backend.waitUntil { $0.spans.contains { $0.message.spanID == id } })
                }
            }
            let places = try Fixtures.places("success")
            #expect(stage.backend.contents.injected.map(\.place).sorted() == places)
            for request in stage.backend.contents.requests {
                let spans = try RawSpan.spans(of: request.body)
                guard spans.contains(where: \.isInjected) else { continue }
                #expect(spans.contains { !$0.isInjected && $0.message.traceID == trace })
                #expect(spans.allSatisfy { $0.message.traceID == trace })
            }
        }
    }

    /// The longest that five spans were out after what made them due, each measured on its own.
    private func longestDelay() async throws -> Duration {
        var delays: [Duration] = []
        let settings = [
            "processors.tekton_steps.max_hold=\(Self.maxHold.components.attoseconds / 1_000_000_000_000_000)ms"
        ]
        try await Stage.run(["success", "traceparent", "step-fails"], settings, isAlone: true) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            try await stage.expectOnlySent()
            let ends = try stage.recordings.flatMap { recording in
                try ["fetch", "build"].compactMap { step in
                    try recording.offset(ofSuccess: "step-\(step)").map {
                        (offset: $0, recording.namespace, "step \(step)")
                    }
                }
            }
            #expect(ends.count == 5)
            for (offset, namespace, name) in ends.sorted(by: { $0.offset < $1.offset }) {
                let start = ContinuousClock.now
                stage.apiServer.advance(to: offset)
                let isOut = await stage.backend.waitUntil { contents in
                    contents.injected.contains { $0.message.name == name && $0.namespace == namespace }
                }
                #expect(isOut, "\(stage.gateway.output.text)")
                delays.append(ContinuousClock.now - start)
            }
        }
        #expect(delays.allSatisfy { $0 >= Self.maxHold }, "\(delays)")
        return delays.max() ?? .zero
    }

    @Test("without such a batch it is out after max_hold, and no more than half a second later")
    func isOutInTime() async throws {
        let limit = Self.maxHold + .milliseconds(500)
        var delay = try await longestDelay()
        // The machine may have had other things to do.
        for _ in 0..<3 where delay > limit { delay = try await longestDelay() }
        #expect(delay <= limit)
    }
}

extension Recording {
    private struct PodStatus: Decodable {
        struct Status: Decodable {
            struct Container: Decodable {
                struct State: Decodable {
                    struct Terminated: Decodable {
                        let exitCode: Int
                    }

                    let terminated: Terminated?
                }

                let name: String
                let state: State
            }

            let containerStatuses: [Container]?
        }

        let status: Status
    }

    /// When the API server told that a container had ended well.
    fileprivate func offset(ofSuccess container: String) throws -> Duration? {
        try objectEvents.first { event in
            guard event.object.key.resource == .pods else { return false }
            let pod = try JSONDecoder().decode(PodStatus.self, from: Data(event.object.json))
            return pod.status.containerStatuses?.contains { $0.name == container && $0.state.terminated?.exitCode == 0 }
                ?? false
        }?.offset
    }
}

extension RawSpan {
    fileprivate var namespace: String? {
        message.attributes.first { $0.key == "namespace" }?.value.stringValue
    }
}
