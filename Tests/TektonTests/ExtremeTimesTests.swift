import Kubernetes
import OTLP
import TestSupport
import Testing

@testable import Tekton

/// Objects may say any year from 0 to 9999. What nanoseconds do not reach is read as the end of what they do.
@Suite("Times at the ends of their range")
struct ExtremeTimesTests {
    private static let times = [
        "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z", "2026-11-23T08:26:43Z",
        "2026-11-23T08:26:44Z", "9999-12-31T23:59:59Z",
    ].compactMap { KubernetesTime(clamping: $0) }

    private struct Draw {
        var generator: SeededGenerator

        mutating func time() -> KubernetesTime { times.randomElement(using: &generator) ?? times[0] }

        mutating func pod() -> Pod {
            let container = ContainerState(
                terminated: ContainerState.Terminated(
                    exitCode: 0,
                    startedAt: Optional(time()).nonZero,
                    finishedAt: Optional(time()).nonZero,
                    message: TerminationMessage(startedAt: Optional(time()).nonZero)
                )
            )
            var pod = Facts.pod([("step-a", container), ("step-b", container)], phase: "Succeeded")
            pod.metadata.creationTimestamp = time()
            pod.scheduled?.lastTransitionTime = time()
            return pod
        }

        mutating func taskRun() -> TaskRun {
            var taskRun = Facts.taskRun(done: ("True", "Succeeded"))
            taskRun.metadata.creationTimestamp = time()
            taskRun.status.startTime = time()
            taskRun.status.completionTime = time()
            return taskRun
        }

        mutating func event(_ reason: String) -> Event {
            Event(
                metadata: ObjectMeta(name: reason),
                podUID: "pod-uid",
                fieldPath: "spec.containers{step-a}",
                reason: reason,
                time: time()
            )
        }
    }

    /// At the wall clock's time, and in each way of sharing: ages are computed as well.
    private func spans(_ seed: UInt64, wall: KubernetesTime, _ sharding: Sharding) throws -> [TektonSpan] {
        var draw = Draw(generator: SeededGenerator(seed: seed))
        var options = CorrelatorOptions()
        options.completedMaxAge = seed % 2 == 0 ? .zero : .seconds(3600)
        options.spans.stepTransitions = .spans
        func at(_ seconds: Int) -> Moment { Moment(wall: wall, uptime: .seconds(seconds)) }
        var correlator = Correlator(options: options)
        correlator.share(sharding, now: at(0))
        correlator.sighted(namespace: "ci".utf8, taskRun: "run".utf8, traceID: Facts.context.traceID, now: at(0))
        correlator.apply(draw.pod(), now: at(0))
        for reason in ["Pulling", "Pulled", "FailedScheduling"] { correlator.apply(draw.event(reason), now: at(0)) }
        correlator.apply(draw.taskRun(), now: at(1))
        correlator.tick(now: at(200))
        let injection = correlator.takeAny()
        _ = try injection.encoded(options: options.spans, version: "1")
        correlator.confirm(injection)
        correlator.tick(now: at(100_000))
        return injection.spans
    }

    @Test func giveSpansThatDoNotEndBeforeTheyStartAndOverflowNothing() throws {
        let replica = ShardView.Replica(
            id: "me",
            eligibleFrom: KubernetesTime(unixNanoseconds: .max),
            aliveSince: Self.times[0]
        )
        let alone = Sharding.among(ShardView(replicas: [replica], own: "me", leaseDuration: .seconds(15)))
        var count = 0
        for seed in 0..<500 as Range<UInt64> {
            for (wall, sharding) in [(Self.times[3], Sharding.off), (Self.times[5], .off), (Self.times[0], alone)] {
                let spans = try spans(seed, wall: wall, sharding)
                count += spans.count
                for span in spans {
                    #expect(span.start < span.end, "seed \(seed): \(span.name)")
                    #expect((span.measurement?.seconds ?? 0) >= 0)
                }
            }
        }
        #expect(count > 5000)
    }
}
