import Collector
import NIOCore
import Synchronization

/// A pipeline's end that records what comes and answers as it is told.
final class TestConsumer: TraceConsumer {
    typealias Completion = @Sendable (ConsumeResult) -> Void

    let batches = Recorder<TraceBatch>()
    let checksWellFormedness: Bool
    let overload: ConsumeError?
    private let answer: @Sendable (TraceBatch, @escaping Completion) -> Void

    init(
        checksWellFormedness: Bool = false,
        overload: ConsumeError? = nil,
        answer: @escaping @Sendable (TraceBatch, @escaping Completion) -> Void = { batch, completion in
            completion(.accepted(spanCount: batch.spanCount))
        }
    ) {
        self.checksWellFormedness = checksWellFormedness
        self.overload = overload
        self.answer = answer
    }

    convenience init(refusing error: ConsumeError) {
        self.init { _, completion in completion(.refused(error)) }
    }

    func consume(_ batch: TraceBatch, _ completion: @escaping Completion) {
        batches.append(batch)
        answer(batch, completion)
    }
}
