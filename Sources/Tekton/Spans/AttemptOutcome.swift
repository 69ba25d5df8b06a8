/// How an attempt ended, from its `Succeeded` condition.
struct AttemptOutcome: Equatable {
    /// `cicd.pipeline.task.run.result`.
    let result: TaskResult
    /// The condition's reason, `Deleted` for a TaskRun deleted before it was over.
    let reason: String?
    let message: String?

    /// Marked as an error in the trace; a cancellation and a failure that was to be ignored are none.
    var isError: Bool {
        switch result {
        case .failure: reason != "FailureIgnored"
        case .timeout, .error: true
        case .success, .skip, .cancellation: false
        }
    }

    /// - Parameter stepTimedOut: a step of it was ended by its own timeout, which the condition calls `StepFailed`.
    init(_ status: AttemptStatus, stepTimedOut: Bool) {
        guard status.isDone, let condition = status.condition else {
            self.init(result: .cancellation, reason: "Deleted", message: nil)
            return
        }
        let result: TaskResult
        if condition.status == "True" {
            result = .success
        } else {
            // Reasons: tektoncd/pipeline pkg/apis/pipeline/v1/taskrun_types.go, pkg/pod/status.go.
            switch condition.reason {
            case "TaskRunCancelled": result = .cancellation
            case "TaskRunTimeout": result = .timeout
            case "StepFailed", "Failed": result = stepTimedOut ? .timeout : .failure
            case "FailureIgnored": result = .failure
            default: result = .error
            }
        }
        self.init(result: result, reason: condition.reason, message: condition.message)
    }

    private init(result: TaskResult, reason: String?, message: String?) {
        self.result = result
        self.reason = reason
        self.message = message
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
