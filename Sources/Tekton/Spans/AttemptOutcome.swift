import Kubernetes

/// How an attempt ended, from its `Succeeded` condition.
struct AttemptOutcome: Equatable {
    /// How an attempt that was ended from outside ended those of its steps that were running.
    struct Interruption: Equatable {
        let result: TaskResult
        /// Nil where the status of the step's span is not Error.
        let errorType: String?
    }

    /// `cicd.pipeline.task.run.result`.
    let result: TaskResult
    /// The condition's reason, `Deleted` for a TaskRun deleted before it was over.
    let reason: String?
    let message: String?
    /// When that was, in whole seconds; nil where nobody says.
    let end: KubernetesTime?
    /// Nil for an attempt that its own steps ended, or a fault of the system.
    let interruption: Interruption?

    /// Marked as an error in the trace; a cancellation and a failure that was to be ignored are none.
    var isError: Bool {
        switch result {
        case .failure: reason != "FailureIgnored"
        case .timeout, .error: true
        case .success, .skip, .cancellation: false
        }
    }

    /// Tekton has given up a pod that waits for a Secret, a ConfigMap or the like, and leaves it as it is.
    var hasConfigError: Bool { reason == ContainerState.configError }

    /// - Parameters:
    ///   - stepTimedOut: a step of it was ended by its own timeout, which the condition calls `StepFailed`.
    ///   - end: when the attempt ended.
    init(_ status: AttemptStatus, stepTimedOut: Bool, end: KubernetesTime?) {
        self.end = end
        guard status.isDone, let condition = status.condition else {
            (result, reason, message) = (.cancellation, "Deleted", nil)
            interruption = Interruption(result: .cancellation, errorType: nil)
            return
        }
        (reason, message) = (condition.reason, condition.message)
        if condition.status == "True" {
            (result, interruption) = (.success, nil)
            return
        }
        // Reasons: tektoncd/pipeline pkg/apis/pipeline/v1/taskrun_types.go, pkg/pod/status.go.
        switch condition.reason {
        case "TaskRunCancelled":
            let hasTimedOut = condition.message?.contains(Self.pipelineRunTimeoutMessage) == true
            result = hasTimedOut ? .timeout : .cancellation
            interruption = Interruption(result: result, errorType: hasTimedOut ? Self.pipelineRunTimeout : nil)
        case "TaskRunTimeout":
            result = .timeout
            interruption = Interruption(result: result, errorType: condition.reason)
        case "StepFailed", "Failed": (result, interruption) = (stepTimedOut ? .timeout : .failure, nil)
        case "FailureIgnored": (result, interruption) = (.failure, nil)
        default: (result, interruption) = (.error, nil)
        }
    }

    /// How a PipelineRun that has timed out ends its TaskRuns: it cancels them, and says why in the message
    /// (`TaskRunCancelledByPipelineTimeoutMsg` in tektoncd/pipeline pkg/apis/pipeline/v1/taskrun_types.go).
    private static let pipelineRunTimeoutMessage = "TaskRun cancelled as the PipelineRun it belongs to has timed out."
    private static let pipelineRunTimeout = "PipelineRunTimeout"

    /// The PipelineRun's time was over, not the TaskRun's.
    var isPipelineRunTimeout: Bool { interruption?.errorType == Self.pipelineRunTimeout }

    /// How much earlier than the attempt a container may have ended that was ended with it: a timeout fires up to a second
    /// early, and both times are floored.
    private static let tolerance: Int64 = 2_000_000_000

    /// What became of a container by this; nil for one that had ended before, by itself or by another's hand.
    ///
    /// - Parameters:
    ///   - finished: when it ended; nil where that is not known.
    ///   - isFollowedBySkip: a step after it was skipped for its failure, so that it failed while the attempt went on.
    func interruption(ofContainerFinishedAt finished: KubernetesTime?, isFollowedBySkip: Bool) -> Interruption? {
        if isFollowedBySkip { return nil }
        if let finished, let end, finished.unixNanoseconds < end.unixNanoseconds &- Self.tolerance { return nil }
        return interruption
    }
}

/// Values of `cicd.pipeline.task.run.result` (OpenTelemetry semantic conventions 1.44, docs/registry/attributes/cicd.md).
enum TaskResult: String {
    case success
    case failure
    case error
    case timeout
    case cancellation
    case skip
}
