import Kubernetes
import Testing

@testable import Tekton

@Suite("Spans of runs that the cluster ends")
struct ClusterFaultTests {
    // MARK: - Containers that cannot be found any more

    @Test func theStepThatRanWhenItsContainerWasLostIsToldAndThoseAfterItAreNot() {
        let pod = Facts.pod(
            [("step-a", Facts.ended(0, from: 5, to: 9)), ("step-b", Facts.lost), ("step-c", Facts.lost)],
            phase: "Failed",
            reason: "Evicted"
        )
        let spans = Facts.spans(Facts.taskRun(done: ("False", "PodEvicted")), pod)
        #expect(spans["step b"]?.start == Facts.time(9))
        #expect(spans["step b"]?.end == Facts.time(20))
        #expect(spans["step b"]?.result == "error")
        #expect(spans["step b"]?["error.type"] == "Evicted")
        #expect(spans["step c"] == nil)
        #expect(spans["TaskRun"]?["tekton.steps.not_run"] == "c")
    }

    @Test func aLostFirstStepBeganAfterTheInitContainersElseWhenItsPodHadANode() {
        let evicted = Facts.taskRun(done: ("False", "PodEvicted"))
        var pod = Facts.pod(
            [("step-a", Facts.lost)],
            initContainers: [(Pod.Container(name: "prepare"), Facts.ended(0, from: nil, to: 6))],
            phase: "Failed",
            reason: "Evicted"
        )
        #expect(Facts.spans(evicted, pod)["step a"]?.start == Facts.time(6))
        pod.initContainers = []
        #expect(Facts.spans(evicted, pod)["step a"]?.start == Facts.time(2))
        pod.scheduled = nil
        #expect(Facts.spans(evicted, pod)["step a"]?.start == Facts.time(1))
        pod.metadata.creationTimestamp = nil
        #expect(Facts.spans(evicted, pod).map(\.name) == ["TaskRun"])
    }

    @Test func aLostStepThatWasNotReadyNeverBegan() {
        let pod = Facts.pod([("step-a", Facts.lost)], phase: "Failed", reason: "Evicted", isReady: false)
        let spans = Facts.spans(Facts.taskRun(done: ("False", "PodEvicted")), pod)
        #expect(spans["step a"] == nil)
        #expect(spans["TaskRun"]?["tekton.steps.not_run"] == "a")
    }

    @Test func readyFromTheBeginningOnProvesNothing() {
        let evicted = Facts.taskRun(done: ("False", "PodEvicted"))
        var pod = Facts.pod([("step-a", Facts.lost), ("step-b", Facts.lost)], phase: "Failed", reason: "Evicted")
        pod.awaitsReady = false
        #expect(Facts.spans(evicted, pod)["TaskRun"]?["tekton.steps.not_run"] == "a,b")
        pod.containerStatuses["step-b"]?.state = Facts.running
        #expect(Facts.spans(evicted, pod)["step a"]?.end == Facts.time(20))
    }

    @Test func aLostStepIsFinalWhenTheAttemptIsOverAndATimeoutIsStillATimeout() {
        let pod = Facts.pod([("step-a", Facts.ended(0, from: 5, to: 9)), ("step-b", Facts.lost)], phase: "Failed")
        #expect(Facts.spans(Facts.taskRun(), pod)["step b"] == nil)
        let timeout = Facts.spans(Facts.taskRun(done: ("False", "TaskRunTimeout")), pod)
        #expect(timeout["step b"]?["error.type"] == "TaskRunTimeout")
        let cancel = Facts.spans(Facts.taskRun(done: ("False", "TaskRunCancelled")), pod)
        #expect(cancel["step b"]?.result == "cancellation")
    }

    /// The attempt's end would stand for its own, and that is still to come.
    @Test func aStepThatSucceededWithoutSayingWhenWaitsForTheEnd() {
        var state = Facts.ended(0, from: 5, to: 9)
        state.terminated?.finishedAt = nil
        let pod = Facts.pod([("step-a", state), ("step-b", Facts.ended(0, from: nil, to: 12))], phase: "Succeeded")
        #expect(Facts.spans(Facts.taskRun(), pod).map(\.name) == ["schedule"])
        let spans = Facts.spans(Facts.taskRun(done: ("True", "Succeeded")), pod)
        #expect(spans["step a"]?.end == Facts.time(20))
    }

    // MARK: - Containers that could not be started

    @Test(arguments: ["StartError", "ContainerCannotRun"])
    func aStepThatCouldNotBeStartedTellsWhy(reason: String) {
        let failure = "failed to create containerd task: not a directory"
        let pod = Facts.pod(
            [
                ("step-a", Facts.notStarted(at: 9, reason: reason, failure: failure)),
                ("step-b", Facts.ended(143, from: nil, to: 20)),
            ],
            isReady: false
        )
        let spans = Facts.spans(Facts.taskRun(done: ("False", "TaskRunTimeout")), pod)
        #expect(spans["step a"]?.start == Facts.time(9))
        #expect(spans["step a"]?.end == Facts.time(9.001))
        #expect(spans["step a"]?.result == "error")
        #expect(spans["step a"]?["error.type"] == reason)
        #expect(spans["step a"]?.status == .error(description: failure))
        #expect(spans["TaskRun"]?["tekton.steps.not_run"] == "b")
    }

    /// The pod may be deleted and made anew before the attempt is over, and then its step may run.
    @Test func aStepThatCouldNotBeStartedIsNotFinalWhileTheOneBeforeItRuns() {
        let pod = Facts.pod([("step-a", Facts.running), ("step-b", Facts.notStarted(at: 9, failure: "no such file"))])
        let timeout = Facts.taskRun(done: ("False", "TaskRunTimeout"))
        #expect(Facts.spans(timeout, pod)["step b"] == nil)
        #expect(Facts.spans(timeout, [Attempt.PodFacts(pod: pod, isGone: true)])["step b"]?.isError == true)
    }

    @Test func aContainerThatCouldNotBeStartedHasNoPhases() {
        let pod = Facts.pod([("step-a", Facts.notStarted(at: 9, failure: "no such file"))], phase: "Failed")
        let options = SpanOptions(stepTransitions: .spans)
        let spans = Facts.spans(Facts.taskRun(done: ("False", "StepFailed")), pod, options: options)
        #expect(spans.map(\.name) == ["schedule", "step a", "TaskRun"])
        #expect(spans["step a"]?.start == Facts.time(9))
    }

    @Test func anInitContainerThatCouldNotBeStartedTellsWhy() {
        let pod = Facts.pod(
            [("step-a", ContainerState(waitingReason: "PodInitializing"))],
            initContainers: [
                (Pod.Container(name: "prepare"), Facts.notStarted(at: 3, failure: "mount: permission denied"))
            ],
            phase: "Failed",
            isReady: false
        )
        let spans = Facts.spans(Facts.taskRun(done: ("False", "InitContainerFailed")), pod)
        #expect(spans["init prepare"]?.start == Facts.time(3))
        #expect(spans["init prepare"]?["error.type"] == "StartError")
        #expect(spans["init prepare"]?.status == .error(description: "mount: permission denied"))
    }

    // MARK: - Pods that the cluster ends

    @Test func aDisruptionIsWhatAnInterruptedStepFailedOf() {
        var pod = Facts.pod(
            [
                ("step-a", Facts.ended(143, from: 5, to: 20)),
                ("step-b", Facts.ended(1, from: 20.5, to: 20, internalReason: "Skipped")),
            ],
            phase: "Failed"
        )
        pod.disruption = Pod.Disruption(reason: "PreemptionByScheduler", since: Facts.time(19))
        let failed = Facts.taskRun(done: ("False", "StepFailed"), at: 21)
        let spans = Facts.spans(failed, pod)
        #expect(spans["step a"]?.result == "error")
        #expect(spans["step a"]?["error.type"] == "PreemptionByScheduler")
        #expect(spans["TaskRun"]?.result == "failure")
        pod.reason = "NodeShutdown"
        #expect(Facts.spans(failed, pod)["step a"]?["error.type"] == "NodeShutdown")
    }

    @Test func aStepThatFailedBeforeTheDisruptionFailedByItself() {
        var pod = Facts.pod([("step-a", Facts.ended(2, from: 5, to: 9))], phase: "Failed")
        pod.disruption = Pod.Disruption(reason: "EvictionByEvictionAPI", since: Facts.time(10))
        let spans = Facts.spans(Facts.taskRun(done: ("False", "StepFailed"), at: 10), pod)
        #expect(spans["step a"]?["error.type"] == "NonZeroExit")
    }

    // MARK: - Pods whose configuration cannot be made

    private func unconfigured(_ message: String) -> ContainerState {
        ContainerState(waitingReason: "CreateContainerConfigError", waitingMessage: message)
    }

    @Test func aConfigurationErrorSaysWhatIsMissing() {
        let pod = Facts.pod(
            [
                ("step-a", Facts.running), ("step-b", unconfigured("secret \"npm-token\" not found")),
                ("step-c", unconfigured("secret \"other\" not found")),
            ],
            phase: "Pending",
            isReady: false
        )
        let taskRun = Facts.taskRun(
            done: ("False", "CreateContainerConfigError"),
            message: "Failed to create pod due to config error"
        )
        let span = Facts.spans(taskRun, pod)["TaskRun"]
        let sentence = "Failed to create pod due to config error: b: secret \"npm-token\" not found"
        #expect(span?.status == .error(description: sentence))
        #expect(span?["tekton.steps.not_run"] == "a,b,c")
        let other = Facts.taskRun(done: ("False", "TaskRunTimeout"), message: "too late")
        #expect(
            Facts.spans(other, [Attempt.PodFacts(pod: pod, isGone: true)])["TaskRun"]?.status
                == .error(description: "too late")
        )
    }

    @Test func aConfigurationErrorIsDecidedAfterTheGraceOfTheWatches() throws {
        func isComplete(_ reason: String, isSettled: Bool, _ containers: [(String, ContainerState)]) throws -> Bool {
            let taskRun = Facts.taskRun(done: ("False", reason))
            var attempt = try #require(taskRun.attempts(isDeleted: false).last)
            attempt.pods = [Attempt.PodFacts(pod: Facts.pod(containers, phase: "Pending"))]
            attempt.isSettled = isSettled
            let options = SpanOptions()
            return AttemptSpans(taskRun: taskRun, attempt: attempt, context: Facts.context, options: options).isComplete
        }
        let waiting = [("step-a", unconfigured("x"))]
        #expect(try !isComplete("CreateContainerConfigError", isSettled: false, waiting))
        #expect(try isComplete("CreateContainerConfigError", isSettled: true, waiting))
        #expect(try !isComplete("TaskRunTimeout", isSettled: true, waiting))
        // One that has its turn runs on.
        let running = [("step-a", Facts.running), ("step-b", unconfigured("x"))]
        #expect(try !isComplete("CreateContainerConfigError", isSettled: true, running))
    }

    // MARK: - Reading

    @Test func whatTheRuntimeAndTheKubeletSayIsReadAndCut() throws {
        let long = String(repeating: "x", count: 2000)
        let text = """
            {"metadata": {"name": "p"}, "spec": {"containers": [
              {"name": "sidecar-s", "args": ["-wait_file"]},
              {"name": "step-a", "args": ["-post_file", "/tekton/run/0/out"]},
              {"name": "step-b", "args": ["-wait_file", "/tekton/run/0/out"]}
            ]}, "status": {
              "conditions": [
                {"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager",
                 "lastTransitionTime": "2026-11-23T08:26:43Z"},
                {"type": "PodScheduled", "status": "True"}
              ],
              "containerStatuses": [
                {"name": "step-a", "state": {"terminated": {"exitCode": 128, "reason": "StartError", "message": "\(long)",
                  "startedAt": "1970-01-01T00:00:00Z", "finishedAt": "2026-11-23T08:26:43Z"}}},
                {"name": "step-b", "state": {"terminated": {"exitCode": 1, "reason": "Error", "message": "\(long)",
                  "startedAt": "2026-11-23T08:26:43Z", "finishedAt": "2026-11-23T08:26:43Z"}}},
                {"name": "step-c", "state": {"waiting": {"message": "secret not found",
                  "reason": "CreateContainerConfigError"}}},
                {"name": "step-d", "state": {"waiting": {"message": "not kept", "reason": "ImagePullBackOff"}}}
              ]}}
            """
        let pod = try Pod(json: Array(text.utf8))
        #expect(!pod.awaitsReady)
        #expect(pod.scheduled?.status == "True")
        #expect(pod.disruption?.reason == "DeletionByTaintManager")
        #expect(pod.disruption?.since == KubernetesTime("2026-11-23T08:26:43Z"))
        #expect(pod.state(of: "step-a")?.terminated?.startFailure == String(repeating: "x", count: 1024))
        #expect(pod.state(of: "step-b")?.terminated?.startFailure == nil)
        #expect(pod.state(of: "step-c")?.waitingMessage == "secret not found")
        #expect(pod.state(of: "step-d")?.waitingMessage == nil)
        var shared = SharedStrings()
        #expect(Packed(pod, sharing: &shared).value == pod)
    }

    @Test func aFirstStepThatWaitsForReadyIsKnownByItsArguments() throws {
        let text = """
            {"metadata": {"name": "p"}, "spec": {"containers": [
              {"name": "step-a", "args": ["-wait_file", "/tekton/downward/ready", "-wait_file_content", "-post_file"]}]}}
            """
        #expect(try Pod(json: Array(text.utf8)).awaitsReady)
        #expect(try Pod(json: Array(#"{"metadata": {"name": "p"}}"#.utf8)).awaitsReady)
    }
}
