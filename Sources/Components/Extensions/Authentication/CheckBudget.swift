/// How much time failed checks of passwords may take: a quarter of it, with a second in reserve.
struct CheckBudget {
    private var debt = Duration.zero
    private var last: ContinuousClock.Instant?

    mutating func allows(_ now: ContinuousClock.Instant) -> Bool {
        settle(now)
        return debt < .seconds(1)
    }

    mutating func spend(_ time: Duration, _ now: ContinuousClock.Instant) {
        settle(now)
        debt += time
    }

    private mutating func settle(_ now: ContinuousClock.Instant) {
        if let last { debt = max(.zero, debt - (now - last) / 4) }
        last = now
    }
}
