import Kubernetes
import OTLP
import SwiftProtobuf
import Testing

@testable import Tekton

@Suite("Spans of an attempt: cases that no recording has")
struct AttemptSpansTests {
    @Test func aStepSkippedByWhenIsNoFailure() {
        let pod = Facts.pod(
            [("step-a", Facts.ended(0, from: 5, to: 5, internalReason: "Skipped"))],
            phase: "Succeeded"
        )
        let spans = Facts.spans(Facts.taskRun(done: ("True", "Succeeded")), pod)
        #expect(spans["step a"]?.result == "skip")
        #expect(spans["step a"]?.isError == false)
    }

    @Test func aStepsOwnTimeoutMakesTheTaskRunATimeout() {
        let pod = Facts.pod(
            [("step-a", Facts.ended(1, from: 5, to: 9, internalReason: "TimeoutExceeded"))],
            phase: "Failed"
        )
        let spans = Facts.spans(Facts.taskRun(done: ("False", "StepFailed")), pod)
        #expect(spans["step a"]?.result == "timeout")
        #expect(spans["step a"]?["error.type"] == "TimeoutExceeded")
        #expect(spans["TaskRun"]?.result == "timeout")
        #expect(spans["TaskRun"]?["error.type"] == "StepFailed")
    }

    @Test func evictionIsAFaultOfTheSystem() {
        let pod = Facts.pod(
            [
                ("step-a", Facts.ended(0, from: 5, to: 9)), ("step-b", Facts.ended(255, from: 10, to: 15)),
                ("step-c", Facts.ended(143, from: nil, to: 15)),
            ],
            phase: "Failed",
            reason: "Evicted"
        )
        let spans = Facts.spans(Facts.taskRun(done: ("False", "PodEvicted")), pod)
        #expect(spans["step a"]?.result == "success")
        #expect(spans["step b"]?.result == "error")
        #expect(spans["step b"]?["error.type"] == "Evicted")
        #expect(spans["step c"] == nil)
        #expect(spans["TaskRun"]?["tekton.steps.not_run"] == "c")
        #expect(spans["TaskRun"]?.result == "error")
    }

    @Test func aCancelThatKeepsThePodIsACancellation() {
        let pod = Facts.pod(
            [
                ("step-a", Facts.ended(9, from: 5, to: 9, internalReason: "Cancelled")),
                ("step-b", Facts.ended(1, from: 9, to: 9, internalReason: "Skipped")),
            ],
            phase: "Failed"
        )
        let spans = Facts.spans(Facts.taskRun(done: ("False", "TaskRunCancelled")), pod)
        #expect(spans["step a"]?.result == "cancellation")
        #expect(spans["step a"]?.isError == false)
        #expect(spans["step b"]?.result == "skip")
        #expect(spans["TaskRun"]?.isError == false)
    }

    /// Its pull, with the least length a span has, would stick out.
    @Test func theTaskRunWaitsForALateEventOfAContainerThatStartedAtItsEnd() throws {
        func isFinal(startedAt start: Double, isSettled: Bool) throws -> Bool? {
            let state = ContainerState(
                terminated: ContainerState.Terminated(
                    exitCode: 137,
                    reason: "OOMKilled",
                    startedAt: Facts.time(start),
                    finishedAt: Facts.time(20)
                )
            )
            let taskRun = Facts.taskRun(done: ("False", "StepOOM"), at: 20)
            var attempt = try #require(taskRun.attempts(isDeleted: false).last)
            attempt.pods = [Attempt.PodFacts(pod: Facts.pod([("step-a", state)], phase: "Failed", isReady: false))]
            attempt.isSettled = isSettled
            let spans = AttemptSpans(
                taskRun: taskRun,
                attempt: attempt,
                context: Facts.context,
                options: SpanOptions()
            )
            return spans.entries.last { $0.span.kind == .taskRun }?.isFinal
        }
        #expect(try isFinal(startedAt: 20, isSettled: false) == false)
        #expect(try isFinal(startedAt: 20, isSettled: true) == true)
        #expect(try isFinal(startedAt: 19, isSettled: false) == true)
    }

    @Test func nativeSidecarsGetNoSpansAndInitContainersThatFailDo() {
        let pod = Facts.pod(
            [("step-a", ContainerState(waitingReason: "PodInitializing"))],
            initContainers: [
                (Pod.Container(name: "prepare"), Facts.ended(0, from: nil, to: 5)),
                (Pod.Container(name: "db", restartPolicy: "Always"), Facts.running),
                (Pod.Container(name: "place-scripts"), Facts.ended(137, from: nil, to: 6, reason: "OOMKilled")),
            ],
            phase: "Failed",
            isReady: false
        )
        let spans = Facts.spans(Facts.taskRun(done: ("False", "InitContainerOOM")), pod)
        #expect(spans.map(\.name) == ["schedule", "init prepare", "init place-scripts", "TaskRun"])
        #expect(spans["init place-scripts"]?["error.type"] == "OOMKilled")
        #expect(spans["TaskRun"]?["tekton.steps.not_run"] == "a")
    }

    @Test func aPodThatWasGoneBeforeItWasSeenLeavesTheTaskRunAlone() {
        let taskRun = Facts.taskRun(done: ("True", "Succeeded"))
        var attempt = taskRun.attempts(isDeleted: false)[0]
        let waiting = AttemptSpans(taskRun: taskRun, attempt: attempt, context: Facts.context, options: SpanOptions())
        #expect(waiting.final.isEmpty)
        attempt.isAbandoned = true
        let given = AttemptSpans(taskRun: taskRun, attempt: attempt, context: Facts.context, options: SpanOptions())
        #expect(given.final.map(\.name) == ["TaskRun"])
        #expect(given.isComplete)
    }

    @Test func aTaskRunThatNeverGotAPodNamesTheStepsThatDidNotRun() {
        let taskRun = Facts.taskRun(
            podName: nil,
            done: ("False", "PodCreationFailed"),
            specStepNames: ["a", "unnamed-1"]
        )
        let spans = Facts.spans(taskRun, [])
        #expect(spans.map(\.name) == ["TaskRun"])
        #expect(spans[0]["tekton.steps.not_run"] == "a,unnamed-1")
        #expect(spans[0].result == "error")
        #expect(
            spans[0].spanID == SpanIdentity.spanID(taskRunUID: "uid", podName: "", kind: .taskRun, name: "")
        )
    }

    @Test func aStepThatAVanishedPodInterruptedEndsWithTheTaskRun() {
        let pod = Facts.pod([("step-a", Facts.ended(0, from: 5, to: 9)), ("step-b", Facts.running)])
        var taskRun = Facts.taskRun(done: ("False", "TaskRunTimeout"))
        taskRun.status.steps = [
            AttemptStatus.Step(
                name: "b",
                container: "step-b",
                terminated: ContainerState.Terminated(
                    exitCode: 1,
                    reason: "TaskRunTimeout",
                    finishedAt: Facts.time(20)
                ),
                terminationReason: "TaskRunTimeout"
            )
        ]
        #expect(Facts.spans(taskRun, pod)["step b"] == nil)
        let spans = Facts.spans(taskRun, [Attempt.PodFacts(pod: pod, isGone: true)])
        #expect(spans["step b"]?.start == Facts.time(9))
        #expect(spans["step b"]?.end == Facts.time(20))
        #expect(spans["step b"]?.result == "timeout")
        // The controller made it up.
        #expect(spans["step b"]?["process.exit.code"] == nil)
        #expect(spans["step b"]?["tekton.step.termination_reason"] == "TaskRunTimeout")
    }

    @Test func nothingIsEmittedBeforeAContainerHasStartedOrWithoutSampling() {
        let waiting = ContainerState(waitingReason: "PodInitializing")
        #expect(Facts.spans(Facts.taskRun(), Facts.pod([("step-a", waiting)], phase: "Pending")).isEmpty)
        let unsampled = SpanContext(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), isSampled: false)
        let done = Facts.taskRun(done: ("True", "Succeeded"), context: unsampled)
        #expect(Facts.spans(done, Facts.pod([("step-a", Facts.ended(0, from: 5, to: 9))])).isEmpty)
    }

    @Test func aStepThatFailedWaitsForTheVerdictAndOneThatSucceededDoesNot() {
        let pod = Facts.pod([("step-a", Facts.ended(0, from: 5, to: 9)), ("step-b", Facts.ended(3, from: 10, to: 12))])
        #expect(Facts.spans(Facts.taskRun(), pod).map(\.name) == ["schedule", "step a"])
        let spans = Facts.spans(Facts.taskRun(done: ("False", "StepFailed")), pod)
        #expect(spans["step b"]?["error.type"] == "NonZeroExit")
    }

    @Test func anIgnoredFailureIsNotMarked() {
        let pod = Facts.pod([("step-a", Facts.ended(2, from: 5, to: 9))], phase: "Failed")
        let span = Facts.spans(Facts.taskRun(done: ("False", "FailureIgnored")), pod)["TaskRun"]
        #expect(span?.result == "failure")
        #expect(span?.isError == false)
        #expect(span?["error.type"] == nil)
    }

    @Test func descriptionsAreCutOnACharacterBoundary() {
        let message = String(repeating: "\u{E9}", count: 600)
        let pod = Facts.pod([("step-a", Facts.ended(2, from: 5, to: 9))], phase: "Failed")
        let span = Facts.spans(Facts.taskRun(done: ("False", "StepFailed"), message: message), pod)["TaskRun"]
        #expect(span?.status == .error(description: String(repeating: "\u{E9}", count: 512)))
    }

    @Test func namesComeFromLabelsFirst() {
        let pod = Facts.pod([("step-a", Facts.ended(0, from: 5, to: 9))], phase: "Succeeded")
        let labels = [TaskRun.Label.pipelineTask: "compile", TaskRun.Label.task: "golang-build"]
        let done = ("True", "Succeeded")
        #expect(Facts.spans(Facts.taskRun(labels: labels, done: done), pod).last?.name == "TaskRun compile")
        let task = [TaskRun.Label.task: "golang-build"]
        #expect(Facts.spans(Facts.taskRun(labels: task, done: done), pod).last?.name == "TaskRun golang-build")
        var referring = Facts.taskRun(done: done)
        referring.taskRefName = "ref"
        #expect(Facts.spans(referring, pod).last?.name == "TaskRun ref")
    }

    @Test func switchesLeaveSpansOut() {
        let pod = Facts.pod(
            [("step-a", Facts.ended(0, from: 5, to: 9))],
            initContainers: [(Pod.Container(name: "prepare"), Facts.ended(0, from: nil, to: 5))],
            phase: "Succeeded"
        )
        let options = SpanOptions(
            stepTransitions: .none,
            initContainers: false,
            schedule: false,
            taskRunURL: "https://x/{taskrun}/{step}"
        )
        let spans = Facts.spans(Facts.taskRun(done: ("True", "Succeeded")), pod, options: options)
        #expect(spans.map(\.name) == ["step a", "TaskRun"])
        #expect(spans[0].events.isEmpty)
        #expect(spans[0]["cicd.pipeline.task.run.url.full"] == "https://x/run/a")
    }

    @Test func transitionsCanBeSpans() {
        let pod = Facts.pod([("step-a", Facts.ended(0, from: 5, to: 9))], phase: "Succeeded")
        let options = SpanOptions(stepTransitions: .spans)
        let spans = Facts.spans(Facts.taskRun(done: ("True", "Succeeded")), pod, options: options)
        #expect(spans.map(\.name) == ["schedule", "step a", "waiting", "queued", "running", "TaskRun"])
        let phases = spans.filter { [.waiting, .queued, .running].contains($0.kind) }
        #expect(phases.map(\.start) == [Facts.time(2), Facts.time(4), Facts.time(5)])
        #expect(phases.map(\.end) == [Facts.time(4), Facts.time(5), Facts.time(9)])
        #expect(phases.allSatisfy { $0.parentSpanID == spans["step a"]?.spanID })
        #expect(spans["step a"]?.start == Facts.time(2))
        #expect(spans["step a"]?.events.isEmpty == true)
    }

    /// The scheduler, the kubelet and the step each go by a clock of their own.
    @Test(arguments: [(3.0, [3.0, 3.5]), (3.5, [3.5]), (4.0, [3.5])])
    func phasesStayInsideTheStepWhereClocksDiffer(scheduled: Double, starts: [Double]) {
        // The container started at 4, the step half a second before.
        var pod = Facts.pod([("step-a", Facts.ended(0, from: 3.5, to: 9))], phase: "Succeeded")
        pod.scheduled?.lastTransitionTime = Facts.time(scheduled)
        let options = SpanOptions(stepTransitions: .spans)
        let spans = Facts.spans(Facts.taskRun(done: ("True", "Succeeded")), pod, options: options)
        let phases = spans.filter { [.waiting, .queued, .running].contains($0.kind) }
        #expect(phases.map(\.start) == starts.map(Facts.time))
        #expect(phases.map(\.end) == (starts.dropFirst() + [9]).map(Facts.time))
        #expect(spans["step a"]?.start == starts.first.map(Facts.time))
    }

    @Test func aPodMadeAnewKeepsWhatWasFinalAndAddsTheRest() {
        let first = Facts.pod(
            [("step-a", Facts.ended(0, from: 5, to: 6)), ("step-b", Facts.ended(255, from: 7, to: 8))],
            uid: "first"
        )
        let second = Facts.pod(
            [("step-a", Facts.ended(0, from: 11, to: 12)), ("step-b", Facts.ended(0, from: 13, to: 14))],
            uid: "second",
            phase: "Succeeded"
        )
        let spans = Facts.spans(
            Facts.taskRun(done: ("True", "Succeeded")),
            [Attempt.PodFacts(pod: first, isGone: true), Attempt.PodFacts(pod: second)]
        )
        #expect(spans["step a"]?.start == Facts.time(5))
        #expect(spans["step b"]?.start == Facts.time(13))
        #expect(Set(spans.map(\.spanID)).count == spans.count)
    }

    @Test func phasesOfAPodThatWasMadeAnewGoWithItsStep() {
        let first = Facts.pod([("step-a", Facts.ended(255, from: 7, to: 8))], uid: "first")
        let second = Facts.pod(
            [("step-a", Facts.notStarted(at: 12, failure: "no such file"))],
            uid: "second",
            phase: "Failed"
        )
        let spans = Facts.spans(
            Facts.taskRun(done: ("False", "StepFailed")),
            [Attempt.PodFacts(pod: first, isGone: true), Attempt.PodFacts(pod: second)],
            options: SpanOptions(stepTransitions: .spans)
        )
        #expect(spans.map(\.name) == ["schedule", "step a", "TaskRun"])
        #expect(spans["step a"]?.start == Facts.time(12))
    }

    @Test func theSameFactsGiveTheSameBytes() throws {
        let pod = Facts.pod([("step-a", Facts.ended(3, from: 5, to: 9))], phase: "Failed")
        let options = SpanOptions(resourceAttributes: [SpanAttribute("k8s.cluster.name", .string("prod"))])
        func bytes() throws -> [UInt8] {
            let spans = Facts.spans(Facts.taskRun(done: ("False", "StepFailed")), pod, options: options)
            let items = spans.map { Injection.Item(taskRunUID: "uid", span: $0, dueSince: .zero) }
            return try Injection(items: items).encoded(options: options, version: "1")
        }
        let once = try bytes()
        #expect(try bytes() == once)
        let request = try Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest(serializedBytes: once)
        let resource = request.resourceSpans[0]
        #expect(
            resource.resource.attributes.map(\.key)
                == [
                    "service.name", "k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid", "k8s.node.name",
                    "k8s.cluster.name",
                ]
        )
        #expect(resource.scopeSpans[0].scope.name == "steptrace")
        #expect(resource.scopeSpans[0].spans.map(\.flags) == [0x101, 0x101, 0x301])
        #expect(resource.scopeSpans[0].spans.allSatisfy { $0.kind == .internal })
    }
}
