/// Whether the watches of Pods and Events tell what happens.
enum WatchState: Sendable, Equatable {
    /// They have told what there was at `since`, and tell what happens from then on.
    /// They have not been able to before since `outageSince`; that outage goes on should this turn out to be short.
    case telling(since: Duration, outageSince: Duration? = nil)
    /// They cannot tell.
    case silent(since: Duration)

    mutating func update(_ tell: Bool, now: Duration) {
        switch (self, tell) {
        case (.silent(let outage), true): self = .telling(since: now, outageSince: outage)
        case (.telling(let since, let outage), false):
            self = .silent(since: now - since < CorrelatorOptions.watchGrace ? outage ?? now : now)
        case (.telling, true), (.silent, false): break
        }
    }

    /// From when on the lack of a fact counts. While the watches are silent that moves on with the clock, up to the end of
    /// `watchOutageGrace`.
    func toldSince(now: Duration) -> Duration {
        switch self {
        case .telling(let since, _): since
        case .silent(let since): min(now, since + CorrelatorOptions.watchOutageGrace)
        }
    }
}
