/// Whether the watches of Pods and Events tell what happens.
enum WatchState: Sendable, Equatable {
    /// They have told what there was at `since`, and tell what happens from then on.
    case telling(since: Duration)
    /// They cannot tell.
    case silent(since: Duration)

    mutating func update(_ tell: Bool, now: Duration) {
        switch (self, tell) {
        case (.silent, true): self = .telling(since: now)
        case (.telling, false): self = .silent(since: now)
        case (.telling, true), (.silent, false): break
        }
    }

    /// From when on the lack of a fact counts. While the watches are silent that moves on with the clock, up to the end of
    /// `watchOutageGrace`.
    func toldSince(now: Duration) -> Duration {
        switch self {
        case .telling(let since): since
        case .silent(let since): min(now, since + CorrelatorOptions.watchOutageGrace)
        }
    }
}
