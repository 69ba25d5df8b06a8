import Kubernetes
import Testing

@testable import Tekton

@Suite("Which steps a timeout or a cancellation ended")
struct InterruptionTests {
    private let skipped = Facts.ended(1, from: 9, to: 9, internalReason: "Skipped")

    private func errorType(
        _ containers: [(name: String, state: ContainerState)],
        _ reason: String = "TaskRunTimeout",
        at end: Double = 20
    ) -> String? {
        Facts.spans(Facts.taskRun(done: ("False", reason), at: end), Facts.pod(containers, phase: "Failed"))["step a"]?[
            "error.type"
        ]
    }

    @Test func aStepThatEndedLongBeforeFailedByItself() {
        #expect(errorType([("step-a", Facts.ended(137, from: nil, to: 9))]) == "NonZeroExit")
        #expect(errorType([("step-a", Facts.ended(137, from: nil, to: 17))]) == "NonZeroExit")
    }

    /// A timeout fires up to a second early, and times are floored.
    @Test func aStepThatEndedWithTheAttemptWasInterrupted() {
        #expect(errorType([("step-a", Facts.ended(255, from: 5, to: 18))]) == "TaskRunTimeout")
        #expect(errorType([("step-a", Facts.ended(255, from: 5, to: 50))]) == "TaskRunTimeout")
    }

    @Test func aStepWhoseFailureHadOthersSkippedFailedByItself() {
        let containers = [("step-a", Facts.ended(2, from: 5, to: 19)), ("step-b", skipped)]
        #expect(errorType(containers) == "NonZeroExit")
        let pod = Facts.pod(containers, phase: "Failed")
        let spans = Facts.spans(Facts.taskRun(done: ("False", "TaskRunCancelled")), pod)
        #expect(spans["step a"]?.result == "failure")
        #expect(spans["TaskRun"]?.result == "cancellation")
    }

    @Test func aFailedInitContainerIsNoTimeoutEither() {
        let pod = Facts.pod(
            [("step-a", ContainerState(waitingReason: "PodInitializing"))],
            initContainers: [(Pod.Container(name: "prepare"), Facts.ended(1, from: nil, to: 6))],
            phase: "Failed",
            isReady: false
        )
        let spans = Facts.spans(Facts.taskRun(done: ("False", "TaskRunTimeout")), pod)
        #expect(spans["init prepare"]?["error.type"] == "NonZeroExit")
    }

    @Test func aStepWaitsForTheWordOfThoseAfterIt() {
        let cancelled = Facts.taskRun(done: ("False", "TaskRunCancelled"))
        let failed = Facts.ended(2, from: 5, to: 19)
        let open = Facts.pod([("step-a", failed), ("step-b", Facts.running)])
        #expect(Facts.spans(cancelled, open)["step a"] == nil)
        #expect(
            Facts.spans(cancelled, [Attempt.PodFacts(pod: open, isGone: true)])["step a"]?.result == "cancellation"
        )
        let told = Facts.pod([("step-a", failed), ("step-b", skipped)])
        #expect(Facts.spans(cancelled, told)["step a"]?.result == "failure")
        // Nobody tells those behind a killed one anything.
        let killed = Facts.pod([("step-a", Facts.ended(137, from: nil, to: 9)), ("step-b", Facts.running)])
        #expect(Facts.spans(cancelled, killed)["step a"]?.result == "failure")
    }

    // MARK: - The PipelineRun's timeout

    private let pipelineRunTimeout =
        "TaskRun \"run\" was cancelled. TaskRun cancelled as the PipelineRun it belongs to has timed out."

    @Test func aTaskRunThatThePipelineRunsTimeoutCancelledHasTimedOut() {
        let pod = Facts.pod(
            [
                ("step-a", Facts.ended(0, from: 5, to: 9)), ("step-b", Facts.ended(255, from: 10, to: 20)),
                ("step-c", Facts.ended(143, from: nil, to: 20)),
            ],
            phase: "Failed"
        )
        let taskRun = Facts.taskRun(done: ("False", "TaskRunCancelled"), message: pipelineRunTimeout)
        let spans = Facts.spans(taskRun, pod)
        #expect(spans["step b"]?.result == "timeout")
        #expect(spans["step b"]?["error.type"] == "PipelineRunTimeout")
        #expect(spans["TaskRun"]?.result == "timeout")
        #expect(spans["TaskRun"]?["error.type"] == "TaskRunCancelled")
        #expect(spans["TaskRun"]?.status == .error(description: pipelineRunTimeout))
    }

    @Test func anEntrypointThatSaysCancelledDoesNotKnowOfThePipelineRunsTimeout() {
        let cancelled = Facts.ended(9, from: 5, to: 20, internalReason: "Cancelled")
        let pod = Facts.pod([("step-a", cancelled)], phase: "Failed")
        let taskRun = Facts.taskRun(done: ("False", "TaskRunCancelled"), message: pipelineRunTimeout)
        #expect(Facts.spans(taskRun, pod)["step a"]?["error.type"] == "PipelineRunTimeout")
        let byUser = Facts.taskRun(done: ("False", "TaskRunCancelled"), message: "TaskRun \"run\" was cancelled. ")
        #expect(Facts.spans(byUser, pod)["step a"]?.result == "cancellation")
    }
}
