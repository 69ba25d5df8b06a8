import Kubernetes

/// What became of the steps of one pod: which began, when, and whether that is final.
struct StepTimeline: Equatable {
    enum State: Equatable {
        /// Nothing can be said yet.
        case open
        /// It never began, and (if the attempt is over) never will.
        case notRun
        /// It ran from `start` to `end`.
        case ran(Run)
    }

    struct Run: Equatable {
        let start: KubernetesTime
        let end: KubernetesTime
        /// When its container started, before its own start for all but the first.
        let containerStart: KubernetesTime?
        let terminated: ContainerState.Terminated
        /// The Pod's word; the TaskRun's where the pod was gone before it told.
        let terminationReason: String?
        /// False when `terminated` was made up by the controller.
        let isWitnessed: Bool

        /// The real exit code; nil when nobody knows it.
        var exitCode: Int? { isWitnessed ? terminated.message?.exitCode ?? terminated.exitCode : nil }
    }

    struct Step: Equatable {
        let container: Pod.Container
        let state: State
        /// The state of this step cannot change any more, whatever else happens.
        fileprivate(set) var isFinal: Bool
        /// A step after it was skipped, because it failed or one in between did.
        fileprivate(set) var isFollowedBySkip = false
    }

    private(set) var steps: [Step] = []
    /// Every step has ended, or will not begin: nothing of this pod is missing.
    private(set) var isSettled = true

    /// - Parameters:
    ///   - outcome: how the attempt ended; nil as long as it has not.
    ///   - isOver: it has, and this is its last pod.
    ///   - isClosed: the attempt is over and nothing more is to be learnt about the pod (it is gone).
    init(
        pod: Pod,
        attempt: Attempt,
        outcome: AttemptOutcome?,
        attemptEnd: KubernetesTime?,
        isOver: Bool,
        isClosed: Bool
    ) {
        let opened = pod.firstTurn
        var previousEnd: KubernetesTime?
        /// The end of a step so far is not in the pod, so that the attempt's stands for it.
        var isEndTold = true
        /// Tekton has given up the pod, but not deleted it, and lets no step begin any more.
        let isGivenUp = isOver && attempt.isSettled && outcome?.hasConfigError == true
        /// The step before has ended with success (as the Pod sees it), so that this one had its turn.
        var hasTurn = pod.isReady
        /// The entrypoint of a step before was killed, so that nobody tells this one to begin or to bail out: it waits for
        /// ever. (After an ordinary failure the entrypoints of the other steps end within a second.)
        var isBlocked = false
        for container in pod.steps {
            let state = pod.state(of: container.name)
            if let terminated = state?.terminated {
                let isSuccess = terminated.exitCode == 0
                let begins = Self.didBegin(terminated, hasTurn: hasTurn, in: pod)
                if begins, let start = Self.start(of: terminated, after: previousEnd, opened: opened) {
                    let run = Self.run(terminated, from: start, attemptEnd: isOver ? attemptEnd : nil)
                    previousEnd = run.end
                    isEndTold = isEndTold && terminated.finishedAt != nil
                    let isFinal = isSuccess && isEndTold || isOver
                    steps.append(Step(container: container, state: .ran(run), isFinal: isFinal))
                } else {
                    steps.append(Step(container: container, state: .notRun, isFinal: isOver))
                }
                hasTurn = hasTurn && isSuccess
                isBlocked = isBlocked || !isSuccess && terminated.message == nil
                continue
            }
            let isWaiting = state?.running == nil
            let cannotBegin = pod.isTerminated && isWaiting || isGivenUp && (isWaiting || !hasTurn)
            let canEnd = !isBlocked && !cannotBegin
            if canEnd && !isClosed { isSettled = false }
            if canEnd, isClosed, hasTurn, let started = state?.running {
                // The first unfinished one of a pod that vanished.
                let told = attempt.status.steps.first { ($0.container ?? "step-\($0.name)") == container.name }
                // A pod's deletionTimestamp lies in the future, by its grace period.
                let end = told?.terminated?.finishedAt ?? attemptEnd ?? pod.metadata.deletionTimestamp
                let run = Self.interrupted(told, started: started, after: previousEnd, end: end)
                previousEnd = run.end
                steps.append(Step(container: container, state: .ran(run), isFinal: isOver))
            } else {
                let isDecided = isOver && (isClosed || !canEnd)
                steps.append(
                    Step(container: container, state: isDecided ? .notRun : .open, isFinal: isDecided)
                )
            }
            hasTurn = false
        }
        lookBehindFailures(isInterrupted: outcome?.interruption != nil)
    }

    /// Whether a step failed or was interrupted with the attempt is told by the steps after it: skipped ones were so for a
    /// failure. As long as one of them may still tell, nothing is final. Neither is that a container could not be started
    /// while the pod goes on: it may be deleted, and made anew before the attempt is over.
    private mutating func lookBehindFailures(isInterrupted: Bool) {
        var isSkipSeen = false
        let isOpen = steps.contains { $0.state == .open }
        for index in steps.indices.reversed() {
            steps[index].isFollowedBySkip = isSkipSeen
            guard case .ran(let run) = steps[index].state else { continue }
            let isPreliminary = isInterrupted && run.terminated.exitCode != 0 || run.terminated.couldNotStart
            if isOpen, isPreliminary { steps[index].isFinal = false }
            if run.terminated.message?.reason == "Skipped" { isSkipSeen = true }
        }
    }

    /// - Parameter hasTurn: READY, and all steps before have ended with success.
    private static func didBegin(_ terminated: ContainerState.Terminated, hasTurn: Bool, in pod: Pod) -> Bool {
        let message = terminated.message
        if message?.startedAt != nil || message?.reason == "Skipped" || terminated.couldNotStart { return true }
        // The kubelet tells no start of a container that it cannot find any more.
        return hasTurn && (terminated.startedAt != nil || pod.awaitsReady || pod.hasStartedStep)
    }

    /// When a step began; nil where nothing at all is known of that.
    ///
    /// - Parameter opened: when the first step could begin.
    private static func start(
        of terminated: ContainerState.Terminated,
        after previousEnd: KubernetesTime?,
        opened: KubernetesTime?
    ) -> KubernetesTime? {
        if let told = terminated.message?.startedAt { return told }
        if terminated.couldNotStart, let failed = terminated.finishedAt { return failed }
        let isSkipped = terminated.message?.reason == "Skipped"
        if let earliest = terminated.startedAt ?? (isSkipped ? terminated.finishedAt : nil) {
            return max(earliest, previousEnd ?? earliest)
        }
        return previousEnd ?? opened ?? terminated.finishedAt
    }

    private static func run(
        _ terminated: ContainerState.Terminated,
        from start: KubernetesTime,
        attemptEnd: KubernetesTime?
    ) -> Run {
        let message = terminated.message
        return Run(
            start: start,
            end: (terminated.finishedAt ?? attemptEnd ?? start).notBefore(start),
            containerStart: terminated.startedAt,
            terminated: terminated,
            terminationReason: message?.reason ?? (message?.exitCode != nil ? "Continued" : terminated.reason),
            isWitnessed: true
        )
    }

    private static func interrupted(
        _ told: AttemptStatus.Step?,
        started: KubernetesTime,
        after previousEnd: KubernetesTime?,
        end: KubernetesTime?
    ) -> Run {
        let start = [started, previousEnd].compactMap { $0 }.max() ?? started
        return Run(
            start: start,
            end: (end ?? start).notBefore(start),
            containerStart: started,
            terminated: told?.terminated ?? ContainerState.Terminated(exitCode: 0),
            terminationReason: told?.terminationReason ?? told?.terminated?.reason,
            // What the controller makes up has no container.
            isWitnessed: told?.terminated?.containerID != nil
        )
    }
}

extension KubernetesTime {
    /// Spans of zero length look like faults in Jaeger: an end that is not after the start is put behind it.
    static let minimalLength: Int64 = 1_000_000

    /// The later of this and the smallest end of a span that begins at `start`.
    func notBefore(_ start: KubernetesTime) -> KubernetesTime {
        self > start ? self : KubernetesTime(unixNanoseconds: start.unixNanoseconds &+ Self.minimalLength)
    }
}
