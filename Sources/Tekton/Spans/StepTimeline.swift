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
        let isFinal: Bool
    }

    private(set) var steps: [Step] = []
    /// Every step has ended, or will not begin: nothing of this pod is missing.
    private(set) var isSettled = true

    /// - Parameter isClosed: the attempt is over and nothing more is to be learnt about the pod (it is gone).
    init(pod: Pod, status: AttemptStatus, attemptEnd: KubernetesTime?, isOver: Bool, isClosed: Bool) {
        var previousEnd: KubernetesTime?
        /// The step before has ended with success (as the Pod sees it), so that this one had its turn.
        var hasTurn = pod.isReady
        /// The entrypoint of a step before was killed, so that nobody tells this one to begin or to bail out: it waits for
        /// ever. (After an ordinary failure the entrypoints of the other steps end within a second.)
        var isBlocked = false
        for container in pod.steps {
            let state = pod.state(of: container.name)
            if let terminated = state?.terminated {
                let isSuccess = terminated.exitCode == 0
                let didBegin = terminated.message?.startedAt != nil || terminated.message?.reason == "Skipped"
                if didBegin || hasTurn && terminated.startedAt != nil {
                    let run = Self.run(terminated, after: previousEnd)
                    previousEnd = run.end
                    steps.append(Step(container: container, state: .ran(run), isFinal: isSuccess || isOver))
                } else {
                    steps.append(Step(container: container, state: .notRun, isFinal: isOver))
                }
                hasTurn = hasTurn && isSuccess
                isBlocked = isBlocked || !isSuccess && terminated.message == nil
                continue
            }
            let isWaiting = state?.running == nil
            let canEnd = !isBlocked && !(pod.isTerminated && isWaiting)
            if canEnd && !isClosed { isSettled = false }
            if canEnd, isClosed, hasTurn, let started = state?.running {
                // The first unfinished one of a pod that vanished.
                let told = status.steps.first { ($0.container ?? "step-\($0.name)") == container.name }
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
    }

    private static func run(_ terminated: ContainerState.Terminated, after previousEnd: KubernetesTime?) -> Run {
        let containerStart = terminated.startedAt
        let fallback = [containerStart ?? terminated.finishedAt, previousEnd].compactMap { $0 }.max()
        let start = terminated.message?.startedAt ?? fallback ?? KubernetesTime(unixNanoseconds: 0)
        let message = terminated.message
        return Run(
            start: start,
            end: (terminated.finishedAt ?? start).notBefore(start),
            containerStart: containerStart,
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
