/// How a container ended: what its span says of it.
struct ContainerOutcome: Equatable {
    let result: TaskResult
    /// Set exactly when the span's status is Error.
    let errorType: String?

    /// - Parameters:
    ///   - exitCode: the real one; nil when it is not known.
    ///   - containerReason: the kubelet's word, such as `OOMKilled`.
    ///   - podReason: `status.reason` of the pod, such as `Evicted`.
    ///   - message: what the entrypoint said; nil for init containers.
    ///   - attempt: how the attempt ended; nil as long as it has not. Decides only where the exit code is not 0.
    init(
        exitCode: Int?,
        containerReason: String?,
        podReason: String?,
        message: TerminationMessage?,
        attempt: AttemptOutcome?
    ) {
        switch message?.reason {
        case "Skipped":
            self.init(.skip)
            return
        case "TimeoutExceeded":
            self.init(.timeout, "TimeoutExceeded")
            return
        case "Cancelled":
            self.init(.cancellation)
            return
        default:
            break
        }
        if containerReason == "OOMKilled" {
            // Even with exit code 0, when a child of the step's process was killed: Tekton fails the TaskRun for it.
            self.init(.error, "OOMKilled")
        } else if exitCode == 0 {
            self.init(.success)
        } else if message?.exitCode != nil {
            // onError: continue. The failure was allowed.
            self.init(.failure)
        } else if podReason == "Evicted" || attempt?.reason == "PodEvicted" {
            self.init(.error, "Evicted")
        } else if let reason = containerReason, !Self.reasonsThatSayNothing.contains(reason) {
            self.init(.error, reason)
        } else if attempt?.result == .timeout, let reason = attempt?.reason, reason == "TaskRunTimeout" {
            self.init(.timeout, reason)
        } else if attempt?.result == .cancellation {
            self.init(.cancellation)
        } else if let podReason {
            // The node or the kubelet ended the pod: DeadlineExceeded, NodeShutdown and the like.
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

    /// `Error` and `Completed` only repeat the exit code; the others are the controller's, which writes them into the
    /// status of every unfinished step.
    private static let reasonsThatSayNothing: Set<String> = [
        "Error", "Completed", "TaskRunTimeout", "TaskRunCancelled", "TaskRunImagePullFailed",
    ]
}
