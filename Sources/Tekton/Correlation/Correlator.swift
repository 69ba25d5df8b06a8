import DequeModule
import Kubernetes
public import OTLP

/// Brings together what passes by (spans that name TaskRuns) and what the API server tells (TaskRuns, Pods, Events), and
/// hands out the step spans that are due: each once, when nothing can change it any more.
///
/// A pure state machine: no clock, no I/O; time comes in with each call. In whatever order the facts arrive, the spans are
/// those that the last facts give (see ``AttemptSpans``).
public struct Correlator: Sendable {
    /// What was given up, by cause.
    public struct Counters: Sendable, Equatable {
        /// Spans that were handed out and confirmed.
        public var injectedSpans = 0
        public var injectedByKind: [TektonSpan.Kind: Int] = [:]
        /// References to TaskRuns that never showed up.
        public var expiredSightings = 0
        /// Sightings that were not kept because too many were waiting.
        public var droppedSightings = 0
        /// TaskRuns forgotten before their spans were handed out, because too many were followed.
        public var droppedTaskRuns = 0
        /// TaskRuns that were over too long ago when the API server told of them; each time it did.
        public var tooOldTaskRuns = 0
        /// TaskRuns that were over without being traced or sampled; each time the API server told of them.
        public var untracedTaskRuns = 0
        /// TaskRuns forgotten because no span of theirs had come by.
        public var unsightedTaskRuns = 0
        /// TaskRuns taken over from replicas that are gone.
        public var takenOver = 0
        /// Pods whose Events were forgotten because too many were waiting for their pod.
        public var droppedStrayEvents = 0
    }

    public internal(set) var options: CorrelatorOptions
    /// Changed by `share`.
    public internal(set) var sharding = Sharding.off
    public internal(set) var counters = Counters()
    /// Those of `options`, and those of others while the options change.
    var histograms: [DurationHistograms]
    /// How many of `taskRuns` are finished.
    var finishedCount = 0

    /// By UID.
    var taskRuns: [String: TrackedTaskRun] = [:]
    /// UIDs of TaskRuns that can be forgotten to make room, in that order; may hold UIDs that are gone.
    var finished: Deque<String> = []
    /// UIDs of TaskRuns that are over and not sighted: the next to be forgotten; may hold UIDs that are gone or sighted.
    var unsighted: Deque<String> = []
    var byTrace = TraceIndex()
    /// UIDs of TaskRuns with spans that are due.
    var withDue: Set<String> = []
    var waiting = WaitingTaskRuns()
    /// Pod UID -> TaskRun UID.
    var podOwners: [String: String] = [:]
    var strayEvents: [String: StrayEvents] = [:]
    var sightings = Sightings()
    /// When the whole memory was last gone through.
    var lastPurge: Duration = .zero

    struct StrayEvents: Sendable {
        var events: Packed<PodEvents>?
        let since: Duration
    }

    /// What the packed facts have in common.
    var shared = SharedStrings()

    var watches: WatchState

    /// - Parameter awaitsWatches: `watchesTell` will be called; nothing that they may tell is given up before.
    public init(options: CorrelatorOptions = CorrelatorOptions(), awaitsWatches: Bool = false) {
        self.options = options
        histograms = [DurationHistograms(options: options.durations)]
        watches = awaitsWatches ? .silent(since: .zero) : .telling(since: .zero)
    }

    /// Whether the watches of Pods and Events tell what there is and what happens. While they do not, because the API
    /// server cannot be followed, what they may still tell is waited for, though not for ever. Those that are not allowed
    /// or have nothing to watch do not count: they will not tell.
    public mutating func watchesTell(_ tell: Bool, now: Moment) {
        let toldSince = watches.toldSince(now: now.uptime)
        watches.update(tell, now: now.uptime)
        // An outage that was only interrupted goes on: what is waited for may come sooner than was thought.
        if watches.toldSince(now: now.uptime) < toldSince { waiting.endWaiting() }
    }

    /// The number of TaskRuns that are remembered, finished ones included.
    public var trackedTaskRunCount: Int { taskRuns.count }

    // MARK: - Spans passing by

    /// A span of trace `traceID` names a TaskRun. The names are UTF-8; nothing is kept of them for a TaskRun that is known.
    public mutating func sighted(
        namespace: some Collection<UInt8>,
        taskRun name: some Collection<UInt8>,
        traceID: TraceID,
        now: Moment
    ) {
        if case .among = sharding { return }
        // No object has such a name (RFC 1123, as Kubernetes takes it).
        guard name.count <= 253, namespace.count <= 63 else { return }
        // Several have one name where a TaskRun was deleted and made again with the same annotated context.
        let (isKnown, unsighted) = byTrace.find(namespace: namespace, name: name, traceID: traceID)
        for uid in unsighted { markSighted(uid, now: now) }
        if isKnown { return }
        let isKept = sightings.add(
            namespace: namespace,
            name: name,
            traceID: traceID,
            now: now.uptime,
            limit: options.strayLimit
        )
        if !isKept { counters.droppedSightings += 1 }
    }

    /// True when spans are due in any trace: worth looking at the trace ids of a batch.
    public var hasDueSpans: Bool { !withDue.isEmpty }

    /// Hands out the spans that are due in these traces.
    public mutating func take(from traceIDs: some Sequence<TraceID>) -> Injection {
        var injection = Injection(items: [])
        for traceID in traceIDs {
            for entry in byTrace[traceID] where withDue.contains(entry.uid) && !injection.isFull {
                handOut(entry.uid, into: &injection)
            }
        }
        return injection
    }

    /// The injection was accepted: it need not be sent again.
    public mutating func confirm(_ injection: Injection) {
        counters.injectedSpans += injection.items.count
        for item in injection.items {
            counters.injectedByKind[item.span.kind, default: 0] += 1
            landed(item)
        }
    }

    /// The injection was refused: its spans are due again, and wait as long as they did before.
    public mutating func giveBack(_ injection: Injection) {
        for item in injection.items where taskRuns[item.taskRunUID] != nil {
            landed(item)
            taskRuns[item.taskRunUID]?.due.append(item)
            markDue(item.taskRunUID)
        }
    }

    /// One that was forgotten and is followed anew has nothing under way.
    private mutating func landed(_ item: Injection.Item) {
        guard let underWay = taskRuns[item.taskRunUID]?.underWay, underWay > 0 else { return }
        taskRuns[item.taskRunUID]?.underWay = underWay - 1
    }

    private mutating func handOut(_ uid: String, into injection: inout Injection) {
        guard let due = taskRuns[uid]?.due else { return }
        let items = due.prefix(Injection.limit - injection.items.count)
        injection.items += items
        taskRuns[uid]?.underWay += Int32(items.count)
        taskRuns[uid]?.due = Array(due.dropFirst(items.count))
        if items.count == due.count { withDue.remove(uid) }
    }

    // MARK: - Time passing

    /// Lets time pass: looks again at what has waited long enough, and forgets what is over. To be called a few times a
    /// second.
    ///
    /// - Parameter limit: of the TaskRuns that are looked at in one call. After a start thousands are due at once.
    /// - Returns: whether there are more, so that it is to be called again at once.
    @discardableResult
    public mutating func tick(now: Moment, limit: Int = .max) -> Bool {
        // As long as the watches are silent, and for the shortest grace after that, time does not change anything.
        if now.uptime - watches.toldSince(now: now.uptime) >= CorrelatorOptions.watchGrace {
            var count = 0
            while let uid = waiting.next(now: now.uptime) {
                if count == limit { return true }
                recompute(uid, now: now)
                count += 1
            }
        }
        if now.uptime - lastPurge >= .seconds(5) {
            lastPurge = now.uptime
            purge(now: now)
        }
        return false
    }

    /// Hands out spans that have been due for `maxHold` without a batch of their trace coming by, as many as fit one
    /// batch.
    public mutating func takeOverdue(now: Moment) -> Injection {
        let latest = now.uptime - options.maxHold
        return take { entry in entry.due.contains { $0.dueSince <= latest } }
    }

    /// Hands out spans that are due, as many as fit one batch: before the program ends.
    public mutating func takeAny() -> Injection {
        take { _ in true }
    }

    private mutating func take(where condition: (TrackedTaskRun) -> Bool) -> Injection {
        var injection = Injection(items: [])
        for uid in withDue where !injection.isFull && taskRuns[uid].map(condition) == true {
            handOut(uid, into: &injection)
        }
        return injection
    }

    private mutating func purge(now: Moment) {
        counters.expiredSightings += sightings.expire(now: now.uptime, timeout: options.sightingTimeout)
        strayEvents = strayEvents.filter { now.uptime - $0.value.since < options.sightingTimeout }
        releaseStandbys(now: now)
        for (uid, entry) in taskRuns where isForgettable(entry, now: now) {
            if sharding == .off, entry.facts?.hasTaskRun == true, !entry.isSighted { counters.unsightedTaskRuns += 1 }
            forget(uid)
        }
        if finished.count > 2 * taskRuns.count + 64 { finished.removeAll { taskRuns[$0] == nil } }
        if unsighted.count > 2 * taskRuns.count + 64 {
            var seen: Set<String> = []
            unsighted.removeAll { taskRuns[$0] == nil || !seen.insert($0).inserted }
        }
        taskRuns.shrink()
        podOwners.shrink()
        byTrace.shrink()
        waiting.shrink()
    }

    /// True when nothing can come of it any more.
    private func isForgettable(_ entry: TrackedTaskRun, now: Moment) -> Bool {
        guard entry.isIdle, !waiting.contains(entry.uid) else { return false }
        let quiet = now.uptime - entry.touched >= options.sightingTimeout
        guard let facts = entry.facts else {
            return quiet && (entry.isDeleted || isTooOld(entry.completion, now: now))
        }
        // `releaseStandbys` ends that.
        if case .among = sharding, entry.standingBySince != nil { return false }
        // A pod whose TaskRun does not show up, or a TaskRun that is gone without a span of it having come by.
        if !facts.hasTaskRun || entry.isDeleted { return quiet }
        return entry.isOver && !makesSpans(of: entry) && isTooOld(entry.completion, now: now)
    }

    /// True when an attempt that was over at `completion` is too old for spans to be added.
    func isTooOld(_ completion: KubernetesTime?, now: Moment) -> Bool {
        guard options.completedMaxAge > .zero, let completion else { return false }
        let (age, overflow) = now.wall.unixNanoseconds.subtractingReportingOverflow(completion.unixNanoseconds)
        return overflow ? completion < now.wall : age > options.completedMaxAge.nanoseconds
    }

    mutating func forget(_ uid: String) {
        guard let entry = taskRuns.removeValue(forKey: uid) else { return }
        if entry.facts == nil { finishedCount -= 1 }
        setTrace(nil, of: entry)
        for pod in entry.facts?.pods ?? [] { podOwners[pod.uid] = nil }
        withDue.remove(uid)
        waiting[uid] = nil
    }

    /// Keeps `byTrace` in step; `entry` is as it was before.
    mutating func setTrace(_ traceID: TraceID?, of entry: TrackedTaskRun) {
        guard entry.traceID != traceID else { return }
        if let old = entry.traceID { byTrace.remove(uid: entry.uid, traceID: old) }
        if let traceID, let key = entry.key { byTrace.insert(uid: entry.uid, key: key, traceID: traceID) }
        taskRuns[entry.uid]?.traceID = traceID
    }
}
