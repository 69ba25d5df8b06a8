import Kubernetes
import OTLP

/// What the correlator remembers of one TaskRun. There are as many as the cluster has, so it is kept small.
struct TrackedTaskRun: Sendable {
    /// The objects, for as long as spans can still come of them.
    struct Facts: Sendable {
        /// Nil as long as only its pod has been seen.
        private var packed: Packed<TaskRun>?
        /// The TaskRun has succeeded or failed for good.
        private(set) var isDone = false
        /// In the order in which they were first seen.
        var pods: [TrackedPod] = []
        /// Numbers and pods of the attempts of which all spans were handed out.
        var finishedAttempts: Set<Int> = []
        var finishedPodNames: Set<String> = []
        /// When an attempt was first seen to be over.
        var overSince: [Int: Duration] = [:]
        /// Something of the above has been noted since it was last set to false.
        var isMarked = false

        var hasTaskRun: Bool { packed != nil }

        var taskRun: TaskRun? { packed?.value }

        mutating func set(_ taskRun: TaskRun, sharing shared: inout SharedStrings) {
            packed = Packed(taskRun, sharing: &shared)
            isDone = taskRun.status.isDone
        }
    }

    indirect enum State: Sendable {
        case following(Facts)
        /// All its spans are handed out; only remembered so that they are not made again.
        case finished
    }

    private static let usualSpans = 12

    let uid: String
    var state: State
    /// Where it is found by name; nil as long as only its pod has been seen.
    var name: String?
    var namespace = ""
    var traceID: TraceID?
    /// A span with its name and trace has come by.
    var isSighted = false
    /// It falls to this replica, where TaskRuns are shared.
    var isOwned = false
    var created: KubernetesTime?
    /// How long it had been over when it was first seen, in seconds.
    var lateness: Int32 = 0
    /// Since when all its spans could be made, where another replica makes them.
    var standingBySince: Duration?
    /// The object is gone from the API server.
    var isDeleted = false
    /// Handed out, and neither confirmed nor given back.
    var underWay: Int32 = 0
    /// Spans that are final, by id, whether they wait, are under way or are sent. A few, so no set; there is room from the
    /// beginning on, see `Correlator.recompute`.
    var known: [SpanID] = []
    /// Final and not handed out.
    var due: [Injection.Item] = []
    /// When it was over, by its own account.
    var completion: KubernetesTime?
    /// When it was last changed.
    var touched: Duration

    init(uid: String, now: Moment) {
        self.uid = uid
        state = .following(Facts())
        touched = now.uptime
        known.reserveCapacity(Self.usualSpans)
    }

    var key: ObjectKey? {
        get { name.map { ObjectKey(namespace: namespace, name: $0, uid: uid) } }
        set {
            name = newValue?.name
            namespace = newValue?.namespace ?? ""
        }
    }

    var facts: Facts? {
        get {
            guard case .following(let facts) = state else { return nil }
            return facts
        }
        set {
            state = newValue.map { .following($0) } ?? .finished
        }
    }

    var isOver: Bool {
        guard let facts else { return true }
        return isDeleted || facts.isDone
    }

    var isIdle: Bool { due.isEmpty && underWay == 0 }
}
