import Kubernetes
public import OTLP

/// What is to be seen of the correlator from outside.
extension Correlator {
    /// Sizes at one moment.
    public struct Figures: Sendable, Equatable {
        /// TaskRuns of which spans may still come.
        public var followed: Int
        /// TaskRuns that are only remembered so that their spans are not made again.
        public var finished: Int
        /// Spans that are final and not handed out.
        public var dueSpans: Int
        /// Names of TaskRuns in spans, of TaskRuns that have not shown up.
        public var waitingSightings: Int
        /// Pods of which only Events have been seen.
        public var strayPods: Int
        /// Of the followed ones those of which this replica makes the spans.
        public var owned: Int
    }

    public var figures: Figures {
        Figures(
            followed: taskRuns.count - finishedCount,
            finished: finishedCount,
            dueSpans: withDue.reduce(0) { $0 + (taskRuns[$1]?.due.count ?? 0) },
            waitingSightings: sightings.count,
            strayPods: strayEvents.count,
            owned: ownedCount
        )
    }

    /// UIDs of all TaskRuns with the time of their last change, in no order.
    public var lastChanges: [(uid: String, time: Duration)] { taskRuns.map { ($0.key, $0.value.touched) } }

    /// One TaskRun, for people.
    public struct Summary: Sendable, Equatable {
        public let uid: String
        /// Empty as long as only its pod has been seen.
        public let namespace: String
        public let name: String
        public let traceID: TraceID?
        public let isFollowed: Bool
        public let isSighted: Bool
        /// It falls to this replica, where TaskRuns are shared.
        public let isOwned: Bool
        public let isOver: Bool
        public let pods: Int
        public let dueSpans: Int
        /// Handed out, and neither taken nor refused.
        public let spansUnderWay: Int
        public let lastChange: Duration
    }

    /// Nil for one that is not known (any more).
    public func summary(of uid: String) -> Summary? {
        guard let entry = taskRuns[uid] else { return nil }
        return Summary(
            uid: uid,
            namespace: entry.key?.namespace ?? "",
            name: entry.key?.name ?? "",
            traceID: entry.traceID,
            isFollowed: entry.facts != nil,
            isSighted: entry.isSighted,
            isOwned: entry.isOwned,
            isOver: entry.isOver,
            pods: entry.facts?.pods.count ?? 0,
            dueSpans: entry.due.count,
            spansUnderWay: Int(entry.underWay),
            lastChange: entry.touched
        )
    }
}
