import DequeModule
public import Kubernetes

extension Correlator {
    /// A TaskRun was added or changed.
    public mutating func apply(_ taskRun: TaskRun, now: Moment) {
        update(taskRun, isDeleted: false, now: now)
    }

    /// A TaskRun is gone; `last` is its last version, where that is known.
    public mutating func deleted(_ key: ObjectKey, last: TaskRun?, now: Moment) {
        if let known = last ?? taskRuns[key.uid]?.facts?.taskRun {
            update(known, isDeleted: true, now: now)
        } else {
            taskRuns[key.uid]?.isDeleted = true
        }
    }

    private mutating func update(_ taskRun: TaskRun, isDeleted: Bool, now: Moment) {
        let uid = taskRun.metadata.uid
        guard !uid.isEmpty else { return }
        let context = taskRun.spanContext.flatMap { $0.isSampled ? $0 : nil }
        let isOver = taskRun.status.isDone || isDeleted
        if taskRuns[uid] == nil {
            // Nothing will come of one that was not traced or was over long ago.
            guard !isOver || context != nil else {
                counters.untracedTaskRuns += 1
                return
            }
            guard !isTooOld(taskRun.status.completion, now: now) else {
                counters.tooOldTaskRuns += 1
                return
            }
        }
        guard var entry = track(uid, now: now) else { return }
        entry.isDeleted = entry.isDeleted || isDeleted
        guard var facts = entry.facts else {
            taskRuns[uid] = entry
            return
        }
        facts.set(taskRun, sharing: &shared)
        entry.facts = facts
        assign(&entry, taskRun, now: now)
        // The same texts as before, which are kept elsewhere too.
        if entry.key != taskRun.metadata.key { entry.key = taskRun.metadata.key }
        entry.completion = taskRun.status.isDone ? taskRun.status.completion : nil
        if isOver && context == nil && entry.isIdle {
            counters.untracedTaskRuns += 1
            forget(uid)
            return
        }
        taskRuns[uid] = entry
        if entry.traceID != context?.traceID {
            setTrace(context?.traceID, of: entry)
            // Another root has taken over: what was seen of the one before does not count for this.
            taskRuns[uid]?.isSighted = false
        }
        if isOver, let entry = taskRuns[uid], !makesSpans(of: entry) { unsighted.append(uid) }
        if let context, taskRuns[uid]?.isSighted == false,
            sightings.take(key: taskRun.metadata.key, traceID: context.traceID)
                || byTrace.hasSighted(taskRun.metadata.key, traceID: context.traceID)
        {
            markSighted(uid, now: now)
        } else {
            recompute(uid, now: now)
        }
    }

    /// A Pod was added or changed.
    public mutating func apply(_ pod: Pod, now: Moment) {
        update(pod, isGone: false, now: now)
    }

    /// A Pod is gone; `last` is its last version, where that is known.
    public mutating func deleted(_ key: ObjectKey, last: Pod?, now: Moment) {
        if let last {
            update(last, isGone: true, now: now)
        } else if let uid = podOwners[key.uid],
            let known = taskRuns[uid]?.facts?.pods.first(where: { $0.uid == key.uid })
        {
            update(known.lastVersion, isGone: true, now: now)
        }
    }

    private mutating func update(_ pod: Pod, isGone: Bool, now: Moment) {
        guard let uid = pod.taskRunUID, !uid.isEmpty, !pod.metadata.uid.isEmpty else { return }
        if taskRuns[uid] == nil {
            guard !isGone, !isTooOld(pod.lastFinish, now: now) else { return }
        }
        guard var entry = track(uid, now: now) else { return }
        guard var facts = entry.facts, !facts.finishedPodNames.contains(pod.metadata.name) else { return }
        if let index = facts.pods.firstIndex(where: { $0.uid == pod.metadata.uid }) {
            facts.pods[index].set(pod, isGone: isGone, sharing: &shared)
        } else {
            let events = strayEvents.removeValue(forKey: pod.metadata.uid)?.events
            facts.pods.append(TrackedPod(pod, events: events, isGone: isGone, sharing: &shared))
            // The owner's name for itself: one copy of it for all.
            podOwners[pod.metadata.uid] = entry.uid
        }
        entry.facts = facts
        taskRuns[uid] = entry
        recompute(uid, now: now)
    }

    /// An Event was added or changed. Deletions do not matter: what happened has happened.
    public mutating func apply(_ event: Event, now: Moment) {
        guard PodEvents.concerns(event), !event.podUID.isEmpty else { return }
        guard let uid = podOwners[event.podUID] else {
            keepStray(event, now: now)
            return
        }
        guard var facts = taskRuns[uid]?.facts,
            let index = facts.pods.firstIndex(where: { $0.uid == event.podUID })
        else { return }
        facts.pods[index].add(event, sharing: &shared)
        taskRuns[uid]?.facts = facts
        recompute(uid, now: now)
    }

    /// Its pod may only not have been seen yet.
    private mutating func keepStray(_ event: Event, now: Moment) {
        if strayEvents[event.podUID] == nil, strayEvents.count >= options.strayLimit {
            counters.droppedStrayEvents += 1
            return
        }
        strayEvents[event.podUID, default: StrayEvents(since: now.uptime)].events.add(event, sharing: &shared)
    }

    // MARK: - Following

    /// The entry of a TaskRun, new if need be; makes room for it. Nil when there is no room because all that are followed
    /// are running.
    private mutating func track(_ uid: String, now: Moment) -> TrackedTaskRun? {
        if var entry = taskRuns[uid] {
            entry.touched = now.uptime
            return entry
        }
        if taskRuns.count >= options.maxTrackedTaskRuns, !makeRoom() {
            counters.droppedTaskRuns += 1
            return nil
        }
        let entry = TrackedTaskRun(uid: uid, now: now)
        taskRuns[uid] = entry
        return entry
    }

    /// Forgets the TaskRun that finished first, else the first of those that are over and of which this makes no spans:
    /// that were never sighted, or are another replica's.
    private mutating func makeRoom() -> Bool {
        for _ in 0..<finished.count {
            guard let uid = finished.popFirst(), let entry = taskRuns[uid], entry.facts == nil else { continue }
            // Its turn comes when its spans are sent.
            guard entry.isIdle else {
                finished.append(uid)
                continue
            }
            forget(uid)
            return true
        }
        while let uid = unsighted.popFirst() {
            guard let entry = taskRuns[uid], entry.isOver, !makesSpans(of: entry) else { continue }
            counters.droppedTaskRuns += 1
            forget(uid)
            return true
        }
        return false
    }

    mutating func markSighted(_ uid: String, now: Moment) {
        guard let (completion, traceID) = taskRuns[uid].map({ ($0.completion, $0.traceID) }),
            !isTooOld(completion, now: now)
        else { return }
        taskRuns[uid]?.isSighted = true
        if let traceID { byTrace.markSighted(uid: uid, traceID: traceID) }
        recompute(uid, now: now)
    }

    /// Computes the spans anew, and takes up those that have become final.
    ///
    /// They are put where there is room for them already: what is allocated for good between the spans of thousands of
    /// TaskRuns, sighted within a moment, would keep the memory of those from being given back.
    mutating func recompute(_ uid: String, now: Moment) {
        guard case (let found, var facts, let isFinished, let next)? = newlyFinal(of: uid, now: now) else {
            waiting[uid] = nil
            return
        }
        waiting[uid] = next
        if !found.isEmpty {
            taskRuns[uid]?.known += found.map(\.spanID)
            taskRuns[uid]?.due += found.map { Injection.Item(taskRunUID: uid, span: $0, dueSince: now.uptime) }
            withDue.insert(uid)
            // Here and not where it is sent: it may be sent again, but is final once.
            for index in histograms.indices {
                for span in found { histograms[index].record(span.measurement) }
            }
        }
        if facts.isMarked {
            facts.isMarked = false
            taskRuns[uid]?.facts = facts
        }
        guard var entry = taskRuns[uid], isFinished || entry.standingBySince != nil else { return }
        if !isFinished {
            entry.standingBySince = nil
        } else if makesSpans(of: entry) {
            finish(&entry)
        } else {
            standBy(&entry, now: now)
        }
        taskRuns[uid] = entry
    }

    /// The spans that are final and were not before; the facts, with what has to be noted; whether nothing more is to come;
    /// else when time alone can change something, at the earliest: later than now. Nil where there can be no spans. Where
    /// another replica makes them, there are none, but it is known when they are all final, and the facts stay as they are:
    /// this one may have to begin.
    private mutating func newlyFinal(
        of uid: String,
        now: Moment
    ) -> (spans: [TektonSpan], facts: TrackedTaskRun.Facts, isFinished: Bool, next: Duration?)? {
        guard let entry = taskRuns[uid], var facts = entry.facts, let taskRun = facts.taskRun,
            let context = taskRun.spanContext, context.isSampled
        else { return nil }
        let makesSpans = makesSpans(of: entry)
        guard makesSpans || standsBy(for: entry) else { return nil }
        var isFinished = entry.isOver
        var found: [TektonSpan] = []
        var moments: [Duration] = []
        let toldSince = watches.toldSince(now: now.uptime)
        for var attempt in taskRun.attempts(isDeleted: entry.isDeleted) {
            guard !facts.finishedAttempts.contains(attempt.number) else { continue }
            attempt.pods = facts.pods(of: attempt, in: taskRun)
            let aged = attempt.isOver ? facts.setAge(of: &attempt, now: now.uptime, toldSince: toldSince) : nil
            let scheduled = facts.awaitScheduling(of: &attempt, now: now.uptime, toldSince: toldSince)
            let spans = AttemptSpans(taskRun: taskRun, attempt: attempt, context: context, options: options.spans)
            for span in spans.final where makesSpans && !entry.known.contains(span.spanID) {
                if !found.contains(where: { $0.spanID == span.spanID }) { found.append(span) }
            }
            // A late Event may still tell of a pull.
            if spans.isComplete, attempt.isSettled {
                if makesSpans {
                    facts.finish(attempt)
                    for pod in attempt.pods { podOwners[pod.pod.metadata.uid] = nil }
                }
            } else {
                isFinished = false
                moments += [aged, scheduled].compactMap { $0 }
            }
        }
        return (found, facts, isFinished, moments.min())
    }

    /// Nothing more comes of it; only remembered so that its spans are not made again.
    mutating func finish(_ entry: inout TrackedTaskRun) {
        finished.append(entry.uid)
        for pod in entry.facts?.pods ?? [] { podOwners[pod.uid] = nil }
        entry.facts = nil
        entry.known = []
        finishedCount += 1
    }
}

extension TrackedTaskRun.Facts {
    /// The pods of an attempt: those of the name that its status tells; where it tells none, those that no other attempt
    /// claims.
    func pods(of attempt: Attempt, in taskRun: TaskRun) -> [Attempt.PodFacts] {
        if let name = attempt.status.podName {
            return pods.filter { $0.name == name }.map(\.facts).filter { $0.isIn(taskRun.metadata.namespace) }
        }
        // The watch of Pods may be ahead of an attempt that goes on, and show the pod of the next.
        guard attempt.isOver, attempt.number == taskRun.retries.count + 1 else { return [] }
        let claimed = taskRun.retries.compactMap(\.podName)
        return pods.filter { !claimed.contains($0.name) }.map(\.facts).filter { $0.isIn(taskRun.metadata.namespace) }
    }

    /// How long the attempt has been over decides what is still waited for.
    ///
    /// - Returns: when time alone changes that next.
    mutating func setAge(of attempt: inout Attempt, now: Duration, toldSince: Duration) -> Duration? {
        let overSince = overSince[attempt.number] ?? now
        if self.overSince[attempt.number] == nil {
            self.overSince[attempt.number] = overSince
            isMarked = true
        }
        let since = max(overSince, toldSince)
        let grace =
            attempt.pods.isEmpty ? CorrelatorOptions.unseenPodGrace : CorrelatorOptions.abandonedPodGrace
        attempt.isSettled = now - since >= CorrelatorOptions.watchGrace
        attempt.isAbandoned = now - since >= grace
        if !attempt.isSettled { return since + CorrelatorOptions.watchGrace }
        return attempt.isAbandoned ? nil : since + grace
    }

    /// The watch of Events may be behind that of Pods: an Event about scheduling is waited for, for a while.
    ///
    /// - Returns: when time alone changes something next.
    mutating func awaitScheduling(of attempt: inout Attempt, now: Duration, toldSince: Duration) -> Duration? {
        var next: Duration?
        for index in attempt.pods.indices {
            let pod = attempt.pods[index]
            guard !pod.events.isPastScheduling, pod.pod.hasStartedContainer || attempt.isOver else { continue }
            let since = max(startedSince(pod.pod.metadata.uid, now: now), toldSince)
            attempt.pods[index].isSchedulingTold = now - since >= CorrelatorOptions.watchGrace
            if !attempt.pods[index].isSchedulingTold {
                next = [next, since + CorrelatorOptions.watchGrace].compactMap { $0 }.min()
            }
        }
        return next
    }

    /// All spans of the attempt are taken up: its pods are needed no more.
    mutating func finish(_ attempt: Attempt) {
        isMarked = true
        finishedAttempts.insert(attempt.number)
        overSince[attempt.number] = nil
        for pod in attempt.pods { finishedPodNames.insert(pod.pod.metadata.name) }
        if let name = attempt.status.podName { finishedPodNames.insert(name) }
        pods.removeAll { finishedPodNames.contains($0.name) }
    }

    /// When a container of that pod was first seen to have started: now, if it has not been asked before.
    private mutating func startedSince(_ uid: String, now: Duration) -> Duration {
        guard let index = pods.firstIndex(where: { $0.uid == uid }) else { return now }
        if let since = pods[index].startedSince { return since }
        pods[index].startedSince = now
        isMarked = true
        return now
    }
}

extension Attempt.PodFacts {
    /// A pod elsewhere may name the TaskRun, too, but is not its pod.
    fileprivate func isIn(_ namespace: String) -> Bool { pod.metadata.namespace == namespace }
}

extension Pod {
    /// When the last of its containers ended; nil as long as it may still run.
    var lastFinish: KubernetesTime? {
        guard isTerminated else { return nil }
        return containerStatuses.values.compactMap { $0.state?.terminated?.finishedAt }.max()
    }
}
