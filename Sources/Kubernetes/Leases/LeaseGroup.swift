/// Membership of a group in which each member keeps a Lease of its own: decides what to ask the API server for and when,
/// and who is alive. Pure: time comes in with each call.
///
/// A Lease counts as live while its resource version was seen to change within its duration on our own clock, which is
/// client-go's rule for leader election: wall clocks are never compared. Time in which the Leases could not be listed
/// counts against nobody, but for one interval of renewal: the others may not have been able to renew either.
///
/// A member that did not renew its own Lease in time gives it up and joins with a new one: others may have taken over
/// what was its, so it must not come back as if nothing had been. `acquireTime` of the new one is the creation time of the
/// first, by the API server's clock.
public struct LeaseGroup: Sendable {
    public struct Configuration: Sendable, Equatable {
        public var namespace: String
        /// Of the Lease: another for each process, so that no two ever write the same.
        public var name: String
        /// For people: who holds it.
        public var identity: String
        /// What the group's Leases have in common.
        public var labels: [String: String]
        public var duration: Duration
        public var renewInterval: Duration

        public init(
            namespace: String,
            name: String,
            identity: String,
            labels: [String: String],
            duration: Duration,
            renewInterval: Duration
        ) {
            self.namespace = namespace
            self.name = name
            self.identity = identity
            self.labels = labels
            self.duration = duration
            self.renewInterval = renewInterval
        }

        public var labelSelector: String {
            labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
        }
    }

    public struct Member: Sendable, Hashable {
        /// Of the Lease.
        public let name: String
        /// A Lease made anew has another.
        public let uid: String
        public let identity: String
        /// When the Lease was made, by the API server's clock: the same for all who look.
        public let since: KubernetesTime
        /// When the first of its holder's Leases was made: as far back as it may know everything.
        public let aliveSince: KubernetesTime
        /// How long a member may go without renewing.
        public let duration: Duration
    }

    public enum Membership: Sendable, Equatable {
        /// The group is not known yet.
        case unknown
        /// Those who are alive, by name. `own` is nil as long as this one is not among them.
        case members([Member], own: Member?)
        /// There can be no group, and why.
        case impossible(KubernetesError)
    }

    public enum Request: Sendable, Equatable {
        case list
        case create(Lease)
        case renew(Lease)
        case delete(Lease)
    }

    public enum Next: Sendable, Equatable {
        case send(Request)
        case wait(Duration)
    }

    private enum Own: Sendable {
        case none
        /// `renewed`: when the request was sent that renewed it last.
        case held(Lease, renewed: Duration)
        /// Not renewed in time: to be deleted.
        case lapsed(Lease)
    }

    private struct Known: Sendable {
        var lease: Lease
        /// For how long it was seen unchanged.
        var unchanged: Duration
    }

    /// A wrong figure in somebody's Lease is not waited for.
    private static let longestDuration = Duration.seconds(600)
    /// Without the right to Leases it is tried again so often.
    private static let refusalPause = Duration.seconds(30)

    public let configuration: Configuration
    public private(set) var membership = Membership.unknown
    private var own = Own.none
    /// By UID; of the others.
    private var known: [String: Known] = [:]
    private var lastListed: Duration?
    /// Since when this one is fit to join, and could not.
    private var joiningSince: Duration?
    private var sentCreate: Duration = .zero
    /// Whether that was done is not known.
    private var unansweredCreate: Lease?
    private var wasFit = false
    /// Of the first Lease of this one's own.
    private var aliveSince: KubernetesTime?
    private var round = Round()

    /// One renewal and one list, and then a pause.
    private struct Round: Sendable {
        var start: Duration?
        var hasRenewed = false
        var hasListed = false
        var hasCleaned = false
        var rejoins = 0
        /// When the next one begins.
        var notBefore: Duration = .zero
    }

    public init(_ configuration: Configuration) {
        self.configuration = configuration
    }

    // MARK: - What to do

    /// - Parameters:
    ///   - now: time since any fixed origin.
    ///   - wall: for the times in the Lease, which are for people.
    ///   - isFit: this one can do what a member has to. One that is not does not join, and does not renew.
    public mutating func next(now: Duration, wall: KubernetesTime, isFit: Bool) -> Next {
        // One that has become fit joins at once.
        if isFit, !wasFit, case .none = own { round = Round() }
        wasFit = isFit
        if now < round.notBefore { return .wait(round.notBefore - now) }
        if round.start == nil { round.start = now }
        guard isFit else {
            joiningSince = nil
            return nextAsGuest(now: now)
        }
        if case .none = own, joiningSince == nil { joiningSince = now }
        // Who else is there comes first.
        if lastListed == nil { return .send(.list) }
        if !round.hasRenewed {
            switch own {
            case .none:
                sentCreate = now
                let lease = lease(wall: wall)
                unansweredCreate = lease
                return .send(.create(lease))
            case .held(let lease, let renewed):
                guard now - renewed < configuration.duration else {
                    own = .lapsed(lease)
                    return .send(.delete(lease))
                }
                return .send(.renew(self.lease(lease, wall: wall)))
            case .lapsed(let lease):
                return .send(.delete(lease))
            }
        }
        return nextBesides(now: now)
    }

    private mutating func nextAsGuest(now: Duration) -> Next {
        if case .held(let lease, let renewed) = own, now - renewed >= configuration.duration { own = .lapsed(lease) }
        if case .lapsed(let lease) = own, !round.hasRenewed { return .send(.delete(lease)) }
        return nextBesides(now: now)
    }

    private mutating func nextBesides(now: Duration) -> Next {
        if !round.hasListed { return .send(.list) }
        if !round.hasCleaned {
            round.hasCleaned = true
            if let garbage { return .send(.delete(garbage)) }
        }
        conclude()
        let start = round.start ?? now
        // One that may be gone is looked for when that would be so.
        let expiry = known.values.filter(isLive).map { now + limit($0.lease) - $0.unchanged }.min()
        endRound(
            at: max(min(start + configuration.renewInterval, expiry ?? .seconds(1 << 40)), now + Self.shortestPause)
        )
        return .wait(round.notBefore - now)
    }

    private static let shortestPause = Duration.milliseconds(50)

    private mutating func endRound(at next: Duration) {
        round = Round()
        round.notBefore = next
    }

    /// The Lease to delete when this one leaves for good, so that others need not wait; it is given up here. Without a UID
    /// when it may not be there.
    public mutating func leave() -> Lease? {
        defer {
            own = .none
            unansweredCreate = nil
        }
        switch own {
        case .none: return unansweredCreate
        case .held(let lease, _), .lapsed(let lease):
            var lease = lease
            // Whatever version it has come to: an answer may have been lost.
            lease.metadata.resourceVersion = ""
            return lease
        }
    }

    // MARK: - What came of it

    public mutating func listed(_ leases: [Lease], now: Duration) {
        let gap = min(lastListed.map { now - $0 } ?? .zero, configuration.renewInterval)
        lastListed = now
        round.hasListed = true
        var others: [String: Known] = [:]
        var mine: Lease?
        for lease in leases {
            if lease.metadata.name == configuration.name {
                mine = lease
            } else if let before = known[lease.metadata.uid],
                before.lease.metadata.resourceVersion == lease.metadata.resourceVersion
            {
                others[lease.metadata.uid] = Known(lease: lease, unchanged: before.unchanged + gap)
            } else {
                others[lease.metadata.uid] = Known(lease: lease, unchanged: .zero)
            }
        }
        known = others
        reconcile(mine)
    }

    /// Takes in what the list says of this one's own Lease.
    private mutating func reconcile(_ mine: Lease?) {
        switch (own, mine) {
        case (.held(let lease, let renewed), let mine?) where mine.metadata.uid == lease.metadata.uid:
            own = .held(mine, renewed: renewed)
        case (.held, let mine):
            // Somebody took this one for dead. What is there under its name is older than what was held.
            own = mine.map { .lapsed($0) } ?? .none
            rejoin()
        case (.none, let mine?):
            // The answer to its making was lost.
            own = .held(mine, renewed: sentCreate)
            joiningSince = nil
            aliveSince = aliveSince ?? mine.metadata.creationTimestamp
        case (.lapsed, let mine?):
            own = .lapsed(mine)
        case (.lapsed, nil):
            own = .none
        case (.none, nil):
            break
        }
    }

    /// Does the own part of this round again; not for ever, should the API server contradict itself.
    private mutating func rejoin() {
        round.rejoins += 1
        round.hasRenewed = round.rejoins > 2
        round.hasListed = false
    }

    public mutating func created(_ lease: Lease, sent: Duration) {
        own = .held(lease, renewed: sent)
        unansweredCreate = nil
        aliveSince = aliveSince ?? lease.metadata.creationTimestamp
        joiningSince = nil
        round.hasRenewed = true
        // Two that join at the same time have to see each other.
        round.hasListed = false
    }

    public mutating func renewed(_ lease: Lease, sent: Duration, now: Duration) {
        round.hasRenewed = true
        guard case .held(_, let before) = own else { return }
        if now - before >= configuration.duration {
            own = .lapsed(lease)
            rejoin()
        } else {
            own = .held(lease, renewed: sent)
        }
    }

    public mutating func deleted(_ lease: Lease) {
        known[lease.metadata.uid] = nil
        guard lease.metadata.name == configuration.name else { return }
        own = .none
        rejoin()
    }

    public mutating func failed(_ request: Request, _ error: KubernetesError, now: Duration) {
        if case .create = request, error.kind != .transport { unansweredCreate = nil }
        switch (request, error.kind) {
        case (.renew, .notFound):
            own = .none
            rejoin()
            return
        case (.delete(let lease), .notFound):
            deleted(lease)
            return
        case (.delete(let lease), _) where lease.metadata.name != configuration.name:
            // Somebody else will.
            return
        case (.renew, _) where error.isConflict, (.create, _) where error.isConflict,
            (.delete, _) where error.isConflict:
            // The list tells what there is now.
            round.hasRenewed = true
            round.hasListed = false
            return
        case (_, .forbidden):
            membership = .impossible(error)
            own = .none
            endRound(at: now + max(configuration.renewInterval, Self.refusalPause))
            return
        default:
            break
        }
        if case .none = own, let joiningSince, now - joiningSince >= configuration.duration {
            membership = .impossible(error)
        }
        endRound(at: now + configuration.renewInterval / 2)
    }

    // MARK: - Who is there

    /// Makes up the membership from what is known now.
    private mutating func conclude() {
        var members = known.values.filter(isLive).map { member($0.lease) }
        var ownMember: Member?
        if case .held(let lease, _) = own {
            let member = member(lease)
            members.append(member)
            ownMember = member
        } else if case .impossible = membership {
            // Until it is among them, it goes on as it did.
            return
        }
        membership = .members(members.sorted { $0.name < $1.name }, own: ownMember)
    }

    private func isLive(_ known: Known) -> Bool { known.unchanged < limit(known.lease) }

    private func limit(_ lease: Lease) -> Duration { max(configuration.duration, duration(lease)) }

    private func duration(_ lease: Lease) -> Duration {
        min(.seconds(max(0, lease.durationSeconds ?? 0)), Self.longestDuration)
    }

    private func member(_ lease: Lease) -> Member {
        let since = lease.metadata.creationTimestamp ?? KubernetesTime(unixNanoseconds: 0)
        return Member(
            name: lease.metadata.name,
            uid: lease.metadata.uid,
            identity: lease.holder ?? "",
            since: since,
            aliveSince: min(since, lease.acquireTime ?? since),
            duration: duration(lease)
        )
    }

    /// A Lease that its holder has left behind, for long enough that nobody looks at it any more.
    private var garbage: Lease? {
        known.values.first { $0.unchanged >= max(limit($0.lease) * 10, .seconds(300)) }?.lease
    }

    private func lease(_ held: Lease? = nil, wall: KubernetesTime) -> Lease {
        let seconds = configuration.duration.components
        var lease =
            held
            ?? Lease(
                metadata: ObjectMeta(
                    name: configuration.name,
                    namespace: configuration.namespace,
                    labels: configuration.labels
                ),
                acquireTime: aliveSince
            )
        lease.holder = configuration.identity
        lease.durationSeconds = Int(seconds.seconds) + (seconds.attoseconds > 0 ? 1 : 0)
        lease.renewTime = wall
        return lease
    }
}
