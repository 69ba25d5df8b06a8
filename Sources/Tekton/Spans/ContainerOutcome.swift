/// How a container ended: what its span says of it.
struct ContainerOutcome: Equatable {
    let result: TaskResult
    /// Set exactly when the span's status is Error.
    let errorType: String?
    /// What the status of the span says besides.
    private(set) var description = ""

    /// - Parameters:
    ///   - exitCode: the real one; nil when it is not known.
    ///   - terminated: what the kubelet says.
    ///   - message: what the entrypoint said; nil for init containers.
    ///   - pod: which may have ended it.
    ///   - attempt: how the attempt ended; nil as long as it has not. Decides only where the exit code is not 0.
    ///   - isFollowedBySkip: a step after it was skipped.
    init(
        exitCode: Int?,
        terminated: ContainerState.Terminated,
        message: TerminationMessage?,
        pod: Pod,
        attempt: AttemptOutcome?,
        isFollowedBySkip: Bool = false
    ) {
        switch message?.reason {
        case "Skipped":
            self.init(.skip)
            return
        case "TimeoutExceeded":
            self.init(.timeout, "TimeoutExceeded")
            return
        case "Cancelled":
            // The entrypoint does not know why.
            if let attempt, attempt.isPipelineRunTimeout {
                self.init(.timeout, attempt.interruption?.errorType)
            } else {
                self.init(.cancellation)
            }
            return
        default:
            break
        }
        let podReason = pod.reason(ofContainerFinishedAt: terminated.finishedAt)
        let interruption = attempt?.interruption(
            ofContainerFinishedAt: terminated.finishedAt,
            isFollowedBySkip: isFollowedBySkip
        )
        if terminated.reason == "OOMKilled" {
            // Even with exit code 0, when a child of the step's process was killed: Tekton fails the TaskRun for it.
            self.init(.error, "OOMKilled")
        } else if exitCode == 0 {
            self.init(.success)
        } else if message?.exitCode != nil {
            // onError: continue. The failure was allowed.
            self.init(.failure)
        } else if terminated.couldNotStart {
            self.init(.error, terminated.reason)
            description = terminated.startFailure ?? ""
        } else if podReason == "Evicted" || attempt?.reason == "PodEvicted" {
            self.init(.error, "Evicted")
        } else if let reason = terminated.reason, !Self.reasonsThatSayNothing.contains(reason) {
            self.init(.error, reason)
        } else if let interruption {
            self.init(interruption.result, interruption.errorType)
        } else if let podReason {
            // The node, the kubelet or the scheduler ended the pod: DeadlineExceeded, PreemptionByScheduler and the like.
            self.init(.error, podReason)
        } else if exitCode == nil {
            // It vanished with its pod, and nobody saw how it ended.
            self.init(.error, attempt?.reason ?? "_OTHER")
        } else {
            self.init(.failure, "NonZeroExit")
        }
    }

    private init(_ result: TaskResult, _ errorType: String? = nil) {
        self.result = result
        self.errorType = errorType
    }

    /// `Error` and `Completed` only repeat the exit code, and with `ContainerStatusUnknown` the kubelet says that it lost
    /// sight of the container; the others are the controller's, which writes them into the status of every unfinished step.
    private static let reasonsThatSayNothing: Set<String> = [
        "Error", "Completed", "ContainerStatusUnknown", "TaskRunTimeout", "TaskRunCancelled", "TaskRunImagePullFailed",
    ]
}
