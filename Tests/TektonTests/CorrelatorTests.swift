import Kubernetes
import OTLP
import Testing

@testable import Tekton

@Suite("The correlator")
struct CorrelatorTests {
    private static let pod = Facts.pod([("step-a", Facts.ended(0, from: 5, to: 9))], phase: "Succeeded")
    private static let done = Facts.taskRun(done: ("True", "Succeeded"))

    /// Seconds of uptime; the wall clock stands at 30 s after the epoch of `Facts`.
    private static func at(_ seconds: Double) -> Moment {
        Moment(wall: Facts.time(30 + seconds), uptime: .milliseconds(Int64(seconds * 1000)))
    }

    private static func sight(
        _ correlator: inout Correlator,
        _ name: String = "run",
        traceID: TraceID = Facts.context.traceID,
        at seconds: Double = 0
    ) {
        correlator.sighted(namespace: Array("ci".utf8), taskRun: Array(name.utf8), traceID: traceID, now: at(seconds))
    }

    /// One that knows a finished TaskRun and its pod, all but sighted.
    private static func following(_ options: CorrelatorOptions = CorrelatorOptions()) -> Correlator {
        var correlator = Correlator(options: options)
        correlator.apply(pod, now: at(0))
        correlator.apply(done, now: at(0))
        return correlator
    }

    @Test func nothingIsDueWithoutASighting() {
        var correlator = Self.following()
        #expect(correlator.take(from: [Facts.context.traceID]).isEmpty)
        Self.sight(&correlator, "other")
        Self.sight(&correlator, traceID: TraceID(high: 9, low: 9))
        #expect(correlator.take(from: [Facts.context.traceID]).isEmpty)
        Self.sight(&correlator)
        #expect(correlator.take(from: [Facts.context.traceID]).spans.map(\.name).contains("step a"))
    }

    @Test func aSightingWaitsForItsTaskRunButNotForEver() {
        var correlator = Correlator()
        Self.sight(&correlator)
        correlator.apply(Self.pod, now: Self.at(1))
        correlator.apply(Self.done, now: Self.at(1))
        #expect(correlator.hasDueSpans)

        var late = Correlator(options: CorrelatorOptions(sightingTimeout: .seconds(60)))
        Self.sight(&late)
        late.tick(now: Self.at(61))
        #expect(late.counters.expiredSightings == 1)
        late.apply(Self.pod, now: Self.at(62))
        late.apply(Self.done, now: Self.at(62))
        #expect(!late.hasDueSpans)
    }

    /// Tekton has given it up; nothing will end its containers.
    @Test func aPodThatCannotBeConfiguredIsWaitedForAsLongAsTheWatches() {
        let state = ContainerState(waitingReason: "CreateContainerConfigError", waitingMessage: "secret not found")
        var correlator = Correlator()
        Self.sight(&correlator)
        correlator.apply(Facts.pod([("step-a", state)], phase: "Pending", isReady: false), now: Self.at(0))
        correlator.apply(Facts.taskRun(done: ("False", "CreateContainerConfigError")), now: Self.at(0))
        correlator.tick(now: Self.at(1.9))
        #expect(correlator.take(from: [Facts.context.traceID]).isEmpty)
        correlator.tick(now: Self.at(2))
        #expect(correlator.take(from: [Facts.context.traceID]).spans.map(\.name) == ["schedule", "TaskRun"])
    }

    @Test func aPodElsewhereIsNotTheTaskRunsPod() {
        var stranger = Self.pod
        stranger.metadata.namespace = "elsewhere"
        var correlator = Correlator()
        correlator.apply(stranger, now: Self.at(0))
        correlator.apply(Self.done, now: Self.at(0))
        Self.sight(&correlator)
        #expect(correlator.takeAny().isEmpty)
        correlator.tick(now: Self.at(20))
        #expect(correlator.takeAny().spans.map(\.name) == ["TaskRun"])
    }

    /// They were not idle when room was needed, but are later.
    @Test func whatIsFinishedMakesRoomOnceItsSpansAreSent() {
        var correlator = Correlator(options: CorrelatorOptions(maxTrackedTaskRuns: 1))
        correlator.apply(Self.pod, now: Self.at(0))
        correlator.apply(Self.done, now: Self.at(0))
        Self.sight(&correlator)
        correlator.tick(now: Self.at(3))
        let other = Facts.taskRun("other", uid: "other", podName: "other-pod")
        correlator.apply(other, now: Self.at(4))
        #expect(correlator.counters.droppedTaskRuns == 1)
        correlator.confirm(correlator.takeAny())
        correlator.apply(other, now: Self.at(5))
        #expect(correlator.counters.droppedTaskRuns == 1 && correlator.trackedTaskRunCount == 1)
        #expect(correlator.summary(of: "other") != nil)
    }

    @Test func spansGoWithTheirTraceAndNoOther() {
        var correlator = Self.following()
        Self.sight(&correlator)
        #expect(correlator.take(from: [TraceID(high: 9, low: 9)]).isEmpty)
        let injection = correlator.take(from: [Facts.context.traceID])
        #expect(!injection.isEmpty)
        #expect(correlator.take(from: [Facts.context.traceID]).isEmpty)
    }

    @Test func whatWasRefusedIsDueAgainAndWhatWasConfirmedIsNot() {
        var correlator = Self.following()
        Self.sight(&correlator)
        let first = correlator.take(from: [Facts.context.traceID])
        correlator.giveBack(first)
        let second = correlator.take(from: [Facts.context.traceID])
        #expect(second.spans == first.spans)
        correlator.confirm(second)
        correlator.apply(Self.done, now: Self.at(1))
        correlator.apply(Self.pod, now: Self.at(1))
        #expect(!correlator.hasDueSpans)
        #expect(correlator.counters.injectedSpans == first.spans.count)
    }

    @Test func aDueSpanLeavesAloneAfterMaxHold() {
        var correlator = Self.following(CorrelatorOptions(maxHold: .seconds(5)))
        Self.sight(&correlator)
        #expect(correlator.takeOverdue(now: Self.at(4.9)).isEmpty)
        #expect(!correlator.takeOverdue(now: Self.at(5)).isEmpty)
    }

    @Test func aNameUsedAgainIsAnotherTaskRun() {
        var correlator = Self.following()
        let otherContext = SpanContext(traceID: TraceID(high: 5, low: 5), spanID: SpanID(6), isSampled: true)
        correlator.deleted(Self.done.metadata.key, last: TaskRun?.none, now: Self.at(1))
        correlator.apply(Facts.taskRun(uid: "new", context: otherContext), now: Self.at(1))
        correlator.apply(
            Facts.pod([("step-a", Facts.ended(0, from: 15, to: 19))], uid: "new-pod", taskRunUID: "new"),
            now: Self.at(1)
        )
        Self.sight(&correlator, traceID: otherContext.traceID, at: 2)
        correlator.tick(now: Self.at(4))
        let spans = correlator.take(from: [otherContext.traceID, Facts.context.traceID]).spans
        #expect(!spans.isEmpty)
        #expect(spans.allSatisfy { $0["tekton.task_run.uid"] == "new" && $0.context == otherContext })
    }

    @Test func aRunThatWasOverLongAgoGetsNothing() {
        var correlator = Self.following(CorrelatorOptions(completedMaxAge: .seconds(3600)))
        Self.sight(&correlator, at: 3700)
        #expect(correlator.take(from: [Facts.context.traceID]).isEmpty)
        // Listed again after a restart of the gateway.
        var later = Correlator(options: CorrelatorOptions(completedMaxAge: .seconds(3600)))
        later.apply(Self.done, now: Self.at(3700))
        #expect(later.trackedTaskRunCount == 0)
    }

    @Test func finishedRunsAreForgottenAndTheirMemoryWithThem() {
        var correlator = Correlator()
        for index in 0..<500 {
            let context = SpanContext(
                traceID: TraceID(high: 7, low: UInt64(index) + 1),
                spanID: SpanID(1),
                isSampled: true
            )
            let uid = "uid-\(index)"
            correlator.apply(
                Facts.pod(
                    [("step-a", Facts.ended(0, from: 5, to: 9))],
                    name: "run-\(index)-pod",
                    uid: "pod-\(index)",
                    taskRunUID: uid,
                    phase: "Succeeded"
                ),
                now: Self.at(0)
            )
            correlator.apply(
                Facts.taskRun(
                    "run-\(index)",
                    uid: uid,
                    podName: "run-\(index)-pod",
                    done: ("True", "Succeeded"),
                    context: context
                ),
                now: Self.at(0)
            )
            Self.sight(&correlator, "run-\(index)", traceID: context.traceID)
            correlator.confirm(correlator.take(from: [context.traceID]))
        }
        for time in [3.0, 10, 20] {
            correlator.tick(now: Self.at(time))
            correlator.confirm(correlator.takeOverdue(now: Self.at(time)))
        }
        #expect(correlator.taskRuns.values.allSatisfy { $0.facts == nil })
        #expect(correlator.podOwners.isEmpty)
        for time in [3700.0, 4100] { correlator.tick(now: Self.at(time)) }
        #expect(correlator.trackedTaskRunCount == 0)
        #expect(correlator.byTrace.isEmpty)
        #expect(correlator.waiting.isEmpty)
        #expect(correlator.finished.count <= 64)
    }

    @Test func theNumberOfRunsIsBounded() {
        var correlator = Correlator(options: CorrelatorOptions(maxTrackedTaskRuns: 10))
        for index in 0..<50 { correlator.apply(Facts.taskRun("r\(index)", uid: "u\(index)"), now: Self.at(0)) }
        #expect(correlator.trackedTaskRunCount == 10)
        #expect(correlator.counters.droppedTaskRuns == 40)
    }

    @Test func aRunMadeAgainInTheSameTraceIsSightedToo() {
        var correlator = Self.following()
        Self.sight(&correlator)
        correlator.deleted(Self.done.metadata.key, last: TaskRun?.none, now: Self.at(1))
        correlator.apply(Facts.taskRun(uid: "new"), now: Self.at(2))
        correlator.apply(
            Facts.pod([("step-a", Facts.ended(0, from: 15, to: 19))], uid: "new-pod", taskRunUID: "new"),
            now: Self.at(2)
        )
        correlator.tick(now: Self.at(5))
        let uids = correlator.takeAny().spans.compactMap { $0["tekton.task_run.uid"] }
        #expect(Set(uids) == ["uid", "new"])
    }

    @Test func oneBatchHoldsSoManySpansAndTheRestFollows() {
        var correlator = Correlator()
        for index in 0..<400 {
            let pod = Facts.pod(
                [("step-a", Facts.ended(0, from: 5, to: 9))],
                name: "pod-\(index)",
                uid: "pod-\(index)",
                taskRunUID: "u\(index)"
            )
            correlator.apply(pod, now: Self.at(0))
            Self.sight(&correlator, "r\(index)")
            let done = Facts.taskRun(
                "r\(index)",
                uid: "u\(index)",
                podName: "pod-\(index)",
                done: ("True", "Succeeded")
            )
            correlator.apply(done, now: Self.at(0))
        }
        correlator.tick(now: Self.at(3))
        let first = correlator.take(from: [Facts.context.traceID])
        let second = correlator.takeAny()
        #expect(first.spans.count >= 1000 && first.spans.count < 1010)
        #expect(first.spans.count + second.spans.count == 1200)
    }

    @Test func timesFromAnotherCenturyDoNoHarm() {
        var correlator = Correlator()
        var taskRun = Facts.taskRun(done: ("True", "Succeeded"))
        taskRun.status.completionTime = KubernetesTime(unixNanoseconds: .min)
        correlator.apply(taskRun, now: Self.at(0))
        #expect(correlator.trackedTaskRunCount == 0)
        taskRun.status.completionTime = KubernetesTime(unixNanoseconds: .max)
        correlator.apply(Self.pod, now: Self.at(0))
        correlator.apply(taskRun, now: Self.at(0))
        Self.sight(&correlator)
        correlator.tick(now: Self.at(3))
        #expect(correlator.takeAny().spans["TaskRun"] != nil)
    }

    @Test func sightingsAndStrayEventsAreBounded() {
        var correlator = Correlator()
        for index in 0..<12_000 {
            Self.sight(&correlator, "r\(index)", traceID: TraceID(high: 1, low: UInt64(index) + 1))
            let event = Event(
                metadata: ObjectMeta(name: "e"),
                podUID: "p\(index)",
                fieldPath: "spec.containers{step-a}",
                reason: "Pulling",
                time: Facts.time(1)
            )
            correlator.apply(event, now: Self.at(0))
        }
        #expect(correlator.sightings.count == correlator.options.strayLimit)
        #expect(correlator.strayEvents.count == correlator.options.strayLimit)
        #expect(correlator.counters.droppedSightings == 12_000 - correlator.options.strayLimit)
        correlator.tick(now: Self.at(400))
        #expect(correlator.sightings.count == 0)
        #expect(correlator.strayEvents.isEmpty)
    }

    @Test func anUnsampledRunIsNotKeptOnceItIsOver() {
        var correlator = Correlator()
        let unsampled = SpanContext(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), isSampled: false)
        correlator.apply(Facts.taskRun(context: unsampled), now: Self.at(0))
        correlator.apply(Facts.taskRun(done: ("True", "Succeeded"), context: unsampled), now: Self.at(1))
        #expect(correlator.trackedTaskRunCount == 0)
    }

    @Test func aRunDeletedWhileItRanIsACancellation() {
        var correlator = Correlator()
        Self.sight(&correlator)
        correlator.apply(Facts.taskRun(), now: Self.at(0))
        correlator.apply(Facts.pod([("step-a", Facts.running)]), now: Self.at(0))
        correlator.deleted(Facts.taskRun().metadata.key, last: TaskRun?.none, now: Self.at(1))
        correlator.deleted(
            Self.pod.metadata.key,
            last: Facts.pod([("step-a", Facts.ended(255, from: 5, to: 9))]),
            now: Self.at(2)
        )
        correlator.tick(now: Self.at(4))
        let spans = correlator.takeAny().spans
        #expect(spans["step a"]?.result == "cancellation")
        #expect(spans["TaskRun"]?["tekton.task_run.reason"] == "Deleted")
        #expect(spans["TaskRun"]?.end == Facts.time(9))
    }
}
