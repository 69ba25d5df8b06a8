/// The time of a replay: recorded time, divided by a speed, since a moment at which it was started.
public struct ReplayClock: Sendable {
    public let start: ContinuousClock.Instant
    /// Recorded seconds per second.
    public let speed: Double

    /// Starts now.
    public init(speed: Double) {
        start = .now
        self.speed = speed
    }

    /// Waits for a moment of the recording; not at all when it has passed.
    public func sleep(until offset: Duration) async throws {
        try await Task.sleep(until: start + offset / speed, clock: .continuous)
    }
}
