import Logging
import NIOCore
import NIOEmbedded
import ServiceLifecycle
import Synchronization
import Testing

@testable import Collector

@Suite struct BatchingConsumerTests {
    /// Keeps what it is handed, and answers when told so.
    private final class Next: TraceConsumer {
        private let handed = Mutex<[(batch: TraceBatch, completion: @Sendable (ConsumeResult) -> Void)]>([])

        var bodies: [String] { handed.withLock { $0.map { String(buffer: $0.batch.body) } } }
        var batches: [TraceBatch] { handed.withLock { $0.map(\.batch) } }

        func consume(_ batch: TraceBatch, _ completion: @escaping @Sendable (ConsumeResult) -> Void) {
            handed.withLock { $0.append((batch, completion)) }
        }

        func answer(_ index: Int, _ result: ConsumeResult) {
            let completion = handed.withLock { $0[index].completion }
            completion(result)
        }
    }

    private final class Answers: Sendable {
        private let all = Mutex<[String: ConsumeResult]>([:])

        func note(_ name: String) -> @Sendable (ConsumeResult) -> Void {
            { result in self.all.withLock { $0[name] = result } }
        }

        var accepted: [String: Int] {
            all.withLock { $0.compactMapValues { if case .accepted(let count) = $0 { count } else { nil } } }
        }

        var refused: [String: ConsumeError] {
            all.withLock { $0.compactMapValues { if case .refused(let error) = $0 { error } else { nil } } }
        }
    }

    private let next = Next()
    private let answers = Answers()
    private let loop = NIOAsyncTestingEventLoop()

    private func consumer(_ configure: (inout BatchMerging) -> Void = { _ in }) -> BatchingConsumer {
        var merging = BatchMerging()
        merging.isOpportunistic = false
        merging.sizer = .items
        merging.threshold = 10
        merging.maximum = .max
        merging.linger = .milliseconds(200)
        configure(&merging)
        let context = ComponentContext(
            id: ComponentID(type: "batch"),
            logger: Logger(label: "batch") { _ in SwiftLogNoOpLogHandler() },
            eventLoopGroup: loop,
            report: { _ in },
            statuses: NoStatuses(),
            shutdownTimeout: .seconds(1)
        )
        return BatchingConsumer(merging: merging, context: context, next: next)
    }

    private struct NoStatuses: StatusSource {
        func current() -> [String: ComponentStatus] { [:] }
        var isReady: Bool { true }
    }

    private func offer(_ consumer: BatchingConsumer, _ name: String, spans: Int, tenant: String? = nil) {
        let metadata = tenant.map { BatchMetadata([(name: "X-Tenant", value: $0), (name: "X-Other", value: name)]) }
        consumer.consume(
            TraceBatch(body: ByteBuffer(string: name), spanCount: spans, metadata: metadata),
            answers.note(name)
        )
    }

    @Test func batchesAreHandedOnAsOneAndSendersGetTheAnswer() {
        let consumer = consumer()
        offer(consumer, "a", spans: 4)
        offer(consumer, "b", spans: 6)
        #expect(next.bodies == ["ab"])
        #expect(next.batches[0].spanCount == 10)
        #expect(answers.accepted.isEmpty, "nobody is told anything yet")
        next.answer(0, .accepted(spanCount: 10))
        #expect(answers.accepted == ["a": 4, "b": 6])
    }

    @Test func overloadIsPassedOnWithTheTimeToComeAgain() {
        let consumer = consumer()
        offer(consumer, "a", spans: 10)
        next.answer(0, .refused(ConsumeError(.unavailable, "sending queue is full", retryAfter: .seconds(1))))
        #expect(answers.refused["a"] == ConsumeError(.unavailable, "sending queue is full", retryAfter: .seconds(1)))
    }

    @Test func aRefusalForGoodKeepsItsWords() {
        let consumer = consumer()
        offer(consumer, "a", spans: 10)
        next.answer(0, .refused(ConsumeError(.permanent, "not retryable error: 401")))
        #expect(answers.refused["a"] == ConsumeError(.permanent, "not retryable error: 401"))
    }

    @Test func aMalformedBatchDoesNotTakeOthersWithIt() {
        let consumer = consumer()
        offer(consumer, "a", spans: 5)
        offer(consumer, "bad", spans: 5)
        next.answer(0, .refused(ConsumeError(.malformed, "not an ExportTraceServiceRequest")))
        #expect(next.bodies == ["abad", "a", "bad"])
        next.answer(1, .accepted(spanCount: 5))
        next.answer(2, .refused(ConsumeError(.malformed, "not an ExportTraceServiceRequest")))
        #expect(answers.accepted == ["a": 5])
        #expect(answers.refused.keys.sorted() == ["bad"])
    }

    @Test func onlyTheHeadersThatTellBatchesApartAreKept() {
        let consumer = consumer { $0.partitionKeys = ["x-tenant"] }
        offer(consumer, "a", spans: 5, tenant: "one")
        offer(consumer, "b", spans: 5, tenant: "two")
        offer(consumer, "c", spans: 5, tenant: "one")
        #expect(next.bodies == ["ac"])
        #expect(next.batches[0].metadata?["X-Tenant"] == ["one"])
        #expect(next.batches[0].metadata?["X-Other"] == [])
    }

    @Test func theEndSendsWhatHasGatheredAndTakesNothingMore() async throws {
        let consumer = consumer()
        offer(consumer, "a", spans: 1)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: consumer, successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        )
        async let end: Void = group.run()
        await group.triggerGracefulShutdown()
        while next.bodies.isEmpty { await Task.yield() }
        #expect(next.bodies == ["a"])
        offer(consumer, "b", spans: 1)
        #expect(answers.refused["b"]?.message == "processor is shutting down")
        next.answer(0, .accepted(spanCount: 1))
        try await end
        #expect(answers.accepted == ["a": 1])
    }
}
