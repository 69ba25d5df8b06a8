import Synchronization

/// What a component hands its batches to. It may be replaced while batches pass: each goes to the one or the other.
final class SwitchableConsumer: TraceConsumer {
    private let target: Mutex<any TraceConsumer>

    init(_ target: any TraceConsumer) { self.target = Mutex(target) }

    func set(_ consumer: any TraceConsumer) { target.withLock { $0 = consumer } }

    var checksWellFormedness: Bool { target.withLock { $0 }.checksWellFormedness }

    var overload: ConsumeError? { target.withLock { $0 }.overload }

    func consume(_ batch: TraceBatch, _ completion: @escaping @Sendable (ConsumeResult) -> Void) {
        target.withLock { $0 }.consume(batch, completion)
    }
}
