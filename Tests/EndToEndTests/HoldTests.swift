import FoundationEssentials
import HTTPClient
import OTLP
import Replay
import SwiftProtobuf
import Testing

@Suite("Due spans")
struct HoldTests {
    @Test("a due span rides on the next batch of its trace")
    func rides() async throws {
        try await Stage.run(["success"], ["processors.tekton_steps.max_hold=10m"]) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            stage.apiServer.advanceToEnd()
            let count = try Fixtures.places("success").count
            let trace = try #require(stage.backend.contents.spans.first).message.traceID
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

    @Test("without such a batch it is out after max_hold, and no more than half a second later")
    func isOutInTime() async throws {
        let maxHold = Duration.milliseconds(400)
        var delays: [Duration] = []
        try await Stage.run(["success"], ["processors.tekton_steps.max_hold=400ms"]) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            try await stage.expectOnlySent()
            for step in ["fetch", "build"] {
                let offset = try #require(try stage.recordings[0].offset(ofEnd: "step-\(step)"))
                let start = ContinuousClock.now
                stage.apiServer.advance(to: offset)
                let isOut = await stage.backend.waitUntil { contents in
                    contents.injected.contains { $0.message.name == "step \(step)" }
                }
                #expect(isOut, "\(stage.gateway.output.text)")
                delays.append(ContinuousClock.now - start)
            }
        }
        #expect(delays.allSatisfy { $0 >= maxHold && $0 <= maxHold + .milliseconds(500) }, "\(delays)")
    }
}

extension Recording {
    private struct PodStatus: Decodable {
        struct Status: Decodable {
            struct Container: Decodable {
                struct State: Decodable {
                    struct Terminated: Decodable {}

                    let terminated: Terminated?
                }

                let name: String
                let state: State
            }

            let containerStatuses: [Container]?
        }

        let status: Status
    }

    /// When the API server told that a container had ended.
    fileprivate func offset(ofEnd container: String) throws -> Duration? {
        try objectEvents.first { event in
            guard event.object.key.resource == .pods else { return false }
            let pod = try JSONDecoder().decode(PodStatus.self, from: Data(event.object.json))
            return pod.status.containerStatuses?.contains { $0.name == container && $0.state.terminated != nil }
                ?? false
        }?.offset
    }
}
