import NIOCore
import Synchronization
import Testing

@testable import Collector

@Suite struct FanOutConsumerTests {
    /// A consumer that keeps completions until the test calls them.
    final class Held: TraceConsumer {
        let checksWellFormedness: Bool
        let completions = Mutex<[@Sendable (ConsumeResult) -> Void]>([])

        init(checksWellFormedness: Bool = true) { self.checksWellFormedness = checksWellFormedness }

        func consume(_ batch: TraceBatch, _ completion: @escaping @Sendable (ConsumeResult) -> Void) {
            completions.withLock { $0.append(completion) }
        }

        func answer(_ result: ConsumeResult) {
            let completion = completions.withLock { $0.removeFirst() }
            completion(result)
        }
    }

    /// The answers that a fan-out over two gives to `answers`, and after how many of them.
    func answer(_ first: ConsumeResult, _ second: ConsumeResult) -> [String] {
        let held = [Held(), Held()]
        let results = Mutex<[String]>([])
        FanOutConsumer.over(held).consume(TraceBatch(body: ByteBuffer())) { result in
            results.withLock { $0.append("\(result)") }
        }
        held[1].answer(second)
        let early = results.withLock { $0 }
        #expect(early == [])
        held[0].answer(first)
        return results.withLock { $0 }
    }

    @Test func itAcceptsWhenAllHaveAccepted() {
        #expect(answer(.accepted(spanCount: 3), .accepted(spanCount: 3)) == ["\(ConsumeResult.accepted(spanCount: 3))"])
    }

    @Test func itRefusesWhenOneRefuses() {
        let error = ConsumeError(.unavailable, "queue full", retryAfter: .seconds(1))
        #expect(answer(.accepted(spanCount: 3), .refused(error)) == ["\(ConsumeResult.refused(error))"])
        #expect(answer(.refused(error), .accepted(spanCount: 3)) == ["\(ConsumeResult.refused(error))"])
    }

    @Test func whatWillNeverBeTakenIsNotTriedAgain() {
        let full = ConsumeError(.unavailable, "queue full", retryAfter: .seconds(1))
        let never = ConsumeError(.permanent, "no")
        let malformed = ConsumeError(.malformed, "bytes")
        #expect(full.combined(with: never).kind == .permanent)
        #expect(never.combined(with: full).kind == .permanent)
        #expect(never.combined(with: malformed) == malformed)
        let later = ConsumeError(.unavailable, "away", retryAfter: .seconds(5))
        #expect(full.combined(with: later) == ConsumeError(.unavailable, "queue full", retryAfter: .seconds(5)))
    }

    @Test func itChecksWellFormednessOnlyWhenAllDo() {
        #expect(FanOutConsumer.over([Held(), Held()]).checksWellFormedness)
        #expect(!FanOutConsumer.over([Held(), Held(checksWellFormedness: false)]).checksWellFormedness)
        let only = Held()
        #expect(FanOutConsumer.over([only]) as? Held === only)
    }
}
