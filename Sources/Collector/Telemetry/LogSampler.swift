import Synchronization

/// The sampling of all loggers together.
public final class LogSampler: Sendable {
    private let state: Mutex<LogSamplingState>
    private let suppressedCount = Atomic(0)
    private let uptime: @Sendable () -> Duration

    public convenience init(_ sampling: LogSampling) {
        let started = ContinuousClock.now
        self.init(sampling) { ContinuousClock.now - started }
    }

    init(_ sampling: LogSampling, uptime: @escaping @Sendable () -> Duration) {
        state = Mutex(LogSamplingState(sampling))
        self.uptime = uptime
    }

    /// Another configuration counts from now on. What has been counted in this tick stays.
    public func set(_ sampling: LogSampling) { state.withLock { $0.sampling = sampling } }

    var tick: Duration { state.withLock { $0.sampling.tick } }

    func take(_ message: LogSamplingState.Message) -> (LogSamplingState.Verdict, [LogSamplingState.Suppressed]) {
        let now = uptime()
        let result = state.withLock { $0.take(message, now: now) }
        if case .suppress = result.0 { suppressedCount.add(1, ordering: .relaxed) }
        return result
    }

    func flush() -> [LogSamplingState.Suppressed] { state.withLock { $0.flush() } }

    public static let descriptions = [suppressed]

    private static let suppressed = MetricDescription(
        "steptrace_log_messages_suppressed",
        .counter,
        unit: "{messages}",
        "Log messages that were not written because the same one had been too often."
    )

    public func observe(in metrics: MetricsRegistry) {
        metrics.observe("logs") { [self] sink in
            sink.add(Self.suppressed, suppressedCount.load(ordering: .relaxed))
        }
    }
}
