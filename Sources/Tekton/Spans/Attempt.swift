public import Kubernetes

/// All facts of one attempt of a TaskRun, from which its spans are computed. One attempt has one pod, or several of the
/// same name when somebody deleted it: Tekton makes it anew then.
public struct Attempt: Sendable, Equatable {
    /// The pod and what is known about it.
    public struct PodFacts: Sendable, Equatable {
        public var pod: Pod
        public var events: PodEvents
        /// It was deleted; `pod` is its last version.
        public var isGone: Bool
        /// No Event about its scheduling is to be expected any more.
        public var isSchedulingTold: Bool

        public init(pod: Pod, events: PodEvents = PodEvents(), isGone: Bool = false, isSchedulingTold: Bool = true) {
            self.pod = pod
            self.events = events
            self.isGone = isGone
            self.isSchedulingTold = isSchedulingTold
        }
    }

    /// From 1.
    public var number: Int
    public var status: AttemptStatus
    /// When it began: the TaskRun's creation, or the completion of the attempt before.
    public var began: KubernetesTime
    /// Succeeded, failed, given up for a retry, or the TaskRun was deleted.
    public var isOver: Bool
    /// In the order of their creation.
    public var pods: [PodFacts]
    /// So much time has passed since the attempt was over that the watches of Pods and Events have told the rest.
    public var isSettled: Bool
    /// So much time has passed since the attempt was over that its pod counts as gone, in whatever state it is.
    public var isAbandoned: Bool

    public init(
        number: Int,
        status: AttemptStatus,
        began: KubernetesTime,
        isOver: Bool,
        pods: [PodFacts] = [],
        isSettled: Bool = true,
        isAbandoned: Bool = false
    ) {
        self.number = number
        self.status = status
        self.began = began
        self.isOver = isOver
        self.pods = pods
        self.isSettled = isSettled
        self.isAbandoned = isAbandoned
    }
}

extension TaskRun {
    /// The attempts in order, without their pods. The last is over when the TaskRun is, or was deleted.
    func attempts(isDeleted: Bool) -> [Attempt] {
        var began = metadata.creationTimestamp ?? KubernetesTime(unixNanoseconds: 0)
        var attempts: [Attempt] = []
        for (index, status) in (retries + [self.status]).enumerated() {
            let isLast = index == retries.count
            attempts.append(
                Attempt(
                    number: index + 1,
                    status: status,
                    began: began,
                    isOver: !isLast || status.isDone || isDeleted
                )
            )
            began = status.completion ?? began
        }
        return attempts
    }
}
