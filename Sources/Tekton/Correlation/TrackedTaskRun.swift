import Kubernetes
import OTLP

/// What the correlator remembers of one TaskRun.
struct TrackedTaskRun: Sendable {
    /// The objects, for as long as spans can still come of them.
    struct Facts: Sendable {
        /// Nil as long as only its pod has been seen.
        var taskRun: TaskRun?
        /// In the order in which they were first seen.
        var pods: [Attempt.PodFacts] = []
        /// Numbers and pods of the attempts of which all spans were handed out.
        var finishedAttempts: Set<Int> = []
        var finishedPodNames: Set<String> = []
        /// When an attempt was first seen to be over.
        var overSince: [Int: Duration] = [:]
        /// When a container of a pod was first seen to have started, by the pod's UID.
        var startedSince: [String: Duration] = [:]
    }

    enum State: Sendable {
        case following(Facts)
        /// All its spans are handed out; only remembered so that they are not made again.
        case finished
    }

    let uid: String
    var state: State
    /// Where it is found by name; nil as long as only its pod has been seen.
    var key: ObjectKey?
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
    /// Spans that are final, by id, whether they wait, are under way or are sent.
    var known: Set<SpanID> = []
    /// Final and not handed out.
    var due: [Injection.Item] = []
    /// Handed out, and neither confirmed nor given back.
    var underWay = 0
    /// The object is gone from the API server.
    var isDeleted = false
    /// When it was over, by its own account.
    var completion: KubernetesTime?
    /// When it was last changed.
    var touched: Duration

    init(uid: String, now: Moment) {
        self.uid = uid
        state = .following(Facts())
        touched = now.uptime
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
        return isDeleted || facts.taskRun?.status.isDone == true
    }

    var isIdle: Bool { due.isEmpty && underWay == 0 }
}
