/// Counts what is left out, and says when that should be logged: at once, then once per interval.
struct SkippedObjects {
    static let interval = Duration.seconds(60)

    private(set) var unlogged = 0
    private var loggedAt: Duration?

    /// - Parameter now: time since any fixed origin.
    /// - Returns: how many there were since the last log line; nil when it is too early for another.
    mutating func skip(now: Duration) -> Int? {
        unlogged += 1
        if let loggedAt, now - loggedAt < Self.interval { return nil }
        loggedAt = now
        defer { unlogged = 0 }
        return unlogged
    }
}
