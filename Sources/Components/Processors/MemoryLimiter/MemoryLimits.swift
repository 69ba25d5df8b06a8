/// Two bounds of the process's memory, in bytes.
struct MemoryLimits: Sendable, Equatable {
    /// Above it batches are refused.
    let soft: Int
    /// Above it memory is given back to the system as often as is allowed.
    let hard: Int

    /// - Parameter spike: how far the soft limit is below; 0 for a fifth, as in the Collector.
    init(limit: Int, spike: Int) {
        hard = limit
        soft = limit - (spike > 0 ? spike : limit / 5)
    }
}

/// Decides, check by check, whether batches are refused and when to give memory back: the Collector's memory limiter
/// with `malloc_trim` for the garbage collector.
struct MemoryLimiterState: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// What a check says.
    enum Note: Sendable, Equatable {
        /// Batches are refused from now on.
        case refusing
        /// And no longer.
        case resumed
    }

    private let limits: MemoryLimits
    private let minimum: (soft: Duration, hard: Duration)
    private let maximum: (soft: Duration, hard: Duration)
    private(set) var isRefusing = false
    private var lastTrim: Instant?
    /// Grows while trimming does not help.
    private var interval = Duration.zero

    init(limits: MemoryLimits, _ configuration: MemoryLimiterConfiguration) {
        self.limits = limits
        minimum = (configuration.minIntervalSoft, configuration.minIntervalHard)
        maximum = (configuration.maxIntervalSoft, configuration.maxIntervalHard)
    }

    /// Whether to give memory back before the decision.
    func shouldTrim(used: Int, now: Instant) -> Bool {
        guard used > limits.soft else { return false }
        guard let lastTrim else { return true }
        let isHard = used > limits.hard
        let low = isHard ? minimum.hard : minimum.soft
        let high = max(low, isHard ? maximum.hard : maximum.soft)
        return now - lastTrim >= min(max(low, interval), high)
    }

    /// Memory was given back: `before` and `after` are bytes.
    mutating func trimmed(before: Int, after: Int, now: Instant) {
        lastTrim = now
        // Less than a twentieth is no help. A second more than nothing, then twice as much each time.
        let helped = before - after >= before / 20
        interval = helped ? .zero : max(.seconds(1), interval * 2)
        if interval > .seconds(3600) { interval = .seconds(3600) }
    }

    /// Takes the memory in use; says what has changed with it, if anything.
    mutating func update(used: Int) -> Note? {
        let wasRefusing = isRefusing
        isRefusing = used > limits.soft
        if isRefusing == wasRefusing { return nil }
        return isRefusing ? .refusing : .resumed
    }
}
