/// The exponentially growing intervals between the attempts of one request.
struct Backoff: Sendable {
    private let configuration: RetryConfiguration
    private var interval: Duration

    init(_ configuration: RetryConfiguration) {
        self.configuration = configuration
        interval = configuration.initialInterval
    }

    /// The time to wait before the next attempt.
    ///
    /// - Parameter random: evenly distributed from 0 up to 1.
    mutating func next(random: Double) -> Duration {
        let spread = configuration.randomizationFactor
        let delay = interval * (1 - spread + 2 * spread * random)
        interval = min(interval * configuration.multiplier, configuration.maxInterval)
        return delay
    }
}
