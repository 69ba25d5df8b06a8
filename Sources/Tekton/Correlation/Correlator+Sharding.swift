import Kubernetes

/// TaskRuns that are shared among replicas.
///
/// Every replica keeps the facts of all TaskRuns, and makes spans of its own. For those of others it stands by: when their
/// replica is gone, nobody knows what it has sent, so whoever has its TaskRuns now sends all their spans, the same to the
/// byte. Standing by ends some time after the spans could have been made, when a replica that had failed to would long be
/// known to be gone.
extension Correlator {
    /// Other replicas have come or gone. What has become this one's own is made up for; what has become another's is held
    /// back, and forgotten when there is no more need to stand by.
    public mutating func share(_ new: Sharding, now: Moment) {
        guard new != sharding else { return }
        let old = sharding
        // Rights were lost: whatever was known to be traced will do.
        if case .among = old, new == .off { sightAll() }
        let before = taskRuns.mapValues { makesSpans(of: $0) }
        sharding = new
        for (uid, madeSpans) in before {
            guard var entry = taskRuns[uid] else { continue }
            entry.isOwned = isOwn(entry)
            let makesNow = makesSpans(of: entry)
            let oldOwner = old.owner(ofUID: uid, created: entry.created)
            if oldOwner != new.owner(ofUID: uid, created: entry.created), entry.standingBySince != nil {
                // Its new owner may fail, too.
                entry.standingBySince = now.uptime
            }
            taskRuns[uid] = entry
            guard makesNow != madeSpans else { continue }
            if makesNow {
                begin(uid, isTakenOver: oldOwner != nil && oldOwner != old.own, now: now)
            } else {
                cease(uid, now: now)
            }
        }
    }

    private mutating func begin(_ uid: String, isTakenOver: Bool, now: Moment) {
        guard let entry = taskRuns[uid] else { return }
        taskRuns[uid]?.standingBySince = nil
        if isTakenOver, entry.facts?.hasTaskRun == true || !entry.due.isEmpty { counters.takenOver += 1 }
        if !entry.due.isEmpty { withDue.insert(uid) }
        recompute(uid, now: now)
    }

    private mutating func cease(_ uid: String, now: Moment) {
        withDue.remove(uid)
        guard let entry = taskRuns[uid] else { return }
        if entry.isOver { unsighted.append(uid) }
        if entry.facts == nil {
            if !entry.due.isEmpty { taskRuns[uid]?.standingBySince = now.uptime }
        } else {
            recompute(uid, now: now)
        }
    }

    private mutating func sightAll() {
        for (uid, entry) in taskRuns {
            guard let traceID = entry.traceID, !entry.isSighted else { continue }
            taskRuns[uid]?.isSighted = true
            byTrace.markSighted(uid: uid, traceID: traceID)
        }
    }

    // MARK: - Whose it is

    /// Whether this replica is to make its spans, as far as is known.
    func makesSpans(of entry: TrackedTaskRun) -> Bool {
        switch sharding {
        case .off: entry.isSighted
        case .undecided: false
        case .among: entry.isOwned
        }
    }

    func assign(_ entry: inout TrackedTaskRun, _ taskRun: TaskRun, now: Moment) {
        entry.created = taskRun.metadata.creationTimestamp
        entry.isOwned = isOwn(entry)
        guard entry.key == nil, taskRun.status.isDone, let completion = taskRun.status.completion else { return }
        let (age, overflow) = now.wall.unixNanoseconds.subtractingReportingOverflow(completion.unixNanoseconds)
        if !overflow {
            let lateness = Duration.nanoseconds(age) - CorrelatorOptions.clockTolerance
            entry.lateness = Int32(clamping: max(0, lateness.components.seconds))
        }
    }

    private func isOwn(_ entry: TrackedTaskRun) -> Bool {
        guard case .among(let view) = sharding else { return false }
        return view.owns(uid: entry.uid, created: entry.created)
    }

    /// TaskRuns of which spans may still come, and that are this replica's own.
    var ownedCount: Int { taskRuns.values.count { $0.facts?.hasTaskRun == true && makesSpans(of: $0) } }

    // MARK: - Standing by

    /// Only at the end is there anything to know.
    func standsBy(for entry: TrackedTaskRun) -> Bool { sharding != .off && entry.isOver }

    mutating func standBy(_ entry: inout TrackedTaskRun, now: Moment) {
        // One that was over long before it was seen, as after a start, has long been sent.
        if entry.standingBySince == nil { entry.standingBySince = now.uptime - .seconds(entry.lateness) }
    }

    /// Spans are due that were given back; they wait where they are another's by now.
    mutating func markDue(_ uid: String) {
        guard let entry = taskRuns[uid] else { return }
        if makesSpans(of: entry) {
            withDue.insert(uid)
        } else if entry.facts == nil, entry.standingBySince == nil {
            taskRuns[uid]?.standingBySince = lastPurge
        }
    }

    /// Those that their owners have long sent, or would have been found to be gone.
    mutating func releaseStandbys(now: Moment) {
        guard case .among(let view) = sharding, !view.replicas.isEmpty else { return }
        let window = view.leaseDuration * 2 + options.maxHold + CorrelatorOptions.handOverMargin
        // Whoever was gone before this one started is only noticed after a lease.
        guard now.uptime >= window else { return }
        for (uid, entry) in taskRuns where !entry.isOwned {
            guard let since = entry.standingBySince, now.uptime - since >= window else { continue }
            var entry = entry
            entry.standingBySince = nil
            entry.due = []
            if entry.facts != nil { finish(&entry) }
            taskRuns[uid] = entry
            waiting[uid] = nil
        }
    }
}

extension CorrelatorOptions {
    /// How much later than its spans could be made a TaskRun is still taken over, beyond what it takes to notice that a
    /// replica is gone (two leases at the most) and what spans are held: for watches that are behind.
    static let handOverMargin: Duration = .seconds(30)
    /// How far the clocks of the cluster may be apart.
    static let clockTolerance: Duration = .seconds(60)
}
