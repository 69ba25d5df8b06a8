import Synchronization

/// All that can be asked for metrics. Nothing is pushed: a component keeps its own counters, and is asked when somebody
/// wants to know.
public final class MetricsRegistry: Sendable {
    public typealias Observer = @Sendable (inout MetricSink) -> Void

    private struct State {
        var observers: [String: [Observer]] = [:]
        /// What those that are gone have counted: a counter goes on where the one before it ended. So does a histogram, also
        /// when one with other bounds has been there between the two.
        var past = MetricSink()
    }

    private let state = Mutex(State())

    /// What components tell people beside.
    public let inspections = InspectionRegistry()

    public init() {}

    /// - Parameter owner: one life of a component, such as `receiver:otlp#1`.
    public func observe(_ owner: String, _ observer: @escaping Observer) {
        state.withLock { $0.observers[owner, default: []].append(observer) }
    }

    /// Forgets an owner, but for what it has counted. Call it when nothing more is counted.
    public func remove(_ owner: String) {
        inspections.remove(owner)
        guard let observers = state.withLock({ $0.observers[owner] }) else { return }
        var last = MetricSink()
        for observer in observers { observer(&last) }
        state.withLock { [last] state in
            guard state.observers.removeValue(forKey: owner) != nil else { return }
            state.past = state.past.adding(last.counts).first(Self.boundsKept)
        }
    }

    /// Asks everybody. Series of the same labels, of a component and the one that replaces it, are one: their sum.
    public func collect() -> MetricSink {
        let (all, past) = state.withLock { ($0.observers, $0.past) }
        var sink = MetricSink()
        for (_, observers) in all.sorted(by: { $0.key < $1.key }) {
            for observer in observers { observer(&sink) }
        }
        // With those bounds that there are now, or had been first.
        return sink.adding(past).first(1)
    }

    /// Of how many different bounds of a histogram the past is known.
    private static let boundsKept = 4
}
