import Synchronization

/// All that can be asked for metrics. Nothing is pushed: a component keeps its own counters, and is asked when somebody
/// wants to know.
public final class MetricsRegistry: Sendable {
    public typealias Observer = @Sendable (inout MetricSink) -> Void

    private let observers = Mutex<[String: [Observer]]>([:])

    public init() {}

    /// - Parameter owner: the key of the component's state, such as `receiver:otlp`.
    public func observe(_ owner: String, _ observer: @escaping Observer) {
        observers.withLock { $0[owner, default: []].append(observer) }
    }

    /// Forgets a component.
    public func remove(_ owner: String) {
        _ = observers.withLock { $0.removeValue(forKey: owner) }
    }

    /// Asks everybody.
    public func collect() -> MetricSink {
        let all = observers.withLock { $0 }
        var sink = MetricSink()
        for (_, observers) in all.sorted(by: { $0.key < $1.key }) {
            for observer in observers { observer(&sink) }
        }
        return sink
    }
}
