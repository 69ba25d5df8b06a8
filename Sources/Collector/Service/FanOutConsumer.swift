import Synchronization

/// Hands every batch to several consumers and answers when all of them have.
final class FanOutConsumer: TraceConsumer {
    private let consumers: [any TraceConsumer]

    /// The only consumer itself, or a fan-out over several.
    static func over(_ consumers: [any TraceConsumer]) -> any TraceConsumer {
        consumers.count == 1 ? consumers[0] : FanOutConsumer(consumers: consumers)
    }

    init(consumers: [any TraceConsumer]) { self.consumers = consumers }

    var checksWellFormedness: Bool { consumers.allSatisfy(\.checksWellFormedness) }

    /// A batch that one of them refuses comes again, to all of them.
    var overload: ConsumeError? { consumers.lazy.compactMap(\.overload).first }

    func consume(_ batch: TraceBatch, _ completion: @escaping @Sendable (ConsumeResult) -> Void) {
        let answers = Answers(expected: consumers.count, completion)
        for consumer in consumers { consumer.consume(batch) { answers.add($0) } }
    }
}

/// Collects the consumers' answers: accepted when all accept, else the refusal that forbids most.
private final class Answers: Sendable {
    private struct State {
        var missing: Int
        var spanCount = 0
        var refusal: ConsumeError?
    }

    private let state: Mutex<State>
    private let completion: @Sendable (ConsumeResult) -> Void

    init(expected: Int, _ completion: @escaping @Sendable (ConsumeResult) -> Void) {
        state = Mutex(State(missing: expected))
        self.completion = completion
    }

    func add(_ result: ConsumeResult) {
        let answer: ConsumeResult? = state.withLock { state in
            state.missing -= 1
            switch result {
            case .accepted(let spanCount): state.spanCount = max(state.spanCount, spanCount)
            case .refused(let error): state.refusal = state.refusal.map { $0.combined(with: error) } ?? error
            }
            guard state.missing == 0 else { return nil }
            return state.refusal.map { .refused($0) } ?? .accepted(spanCount: state.spanCount)
        }
        if let answer { completion(answer) }
    }
}

extension ConsumeError {
    /// The refusal after which less may be tried again: once one consumer will never take a batch, sending it again
    /// only repeats it to the others.
    func combined(with other: ConsumeError) -> ConsumeError {
        let worse = other.kind.severity > kind.severity ? other : self
        let retryAfter = [retryAfter, other.retryAfter].compactMap(\.self).max()
        return ConsumeError(worse.kind, worse.message, retryAfter: retryAfter)
    }
}

extension ConsumeError.Kind {
    fileprivate var severity: Int {
        switch self {
        case .unavailable: 0
        case .permanent: 1
        case .malformed: 2
        }
    }
}
