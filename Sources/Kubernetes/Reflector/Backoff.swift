/// Growing waits between attempts, client-go's figures for reflectors: 800 ms, doubled each time, with jitter, begun
/// anew after two minutes without failure. A wait with its jitter is never longer than `maximum`.
struct Backoff: Sendable {
    static let initial = Duration.milliseconds(800)
    static let maximum = Duration.seconds(30)
    static let resetAfter = Duration.seconds(120)

    private var base = initial
    private var lastFailure: Duration?

    /// - Parameters:
    ///   - now: time since any fixed origin.
    ///   - random: in 0 ..< 1; the wait is the base times 1 to 2.
    mutating func next(now: Duration, random: Double) -> Duration {
        if let lastFailure, now - lastFailure > Self.resetAfter {
            base = Self.initial
        }
        lastFailure = now
        let wait = base * (1 + random)
        base = min(base * 2, Self.maximum / 2)
        return wait
    }
}
