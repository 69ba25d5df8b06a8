import Kubernetes
import OTLP
import Testing

@testable import Tekton

/// What the correlator waits for depends on whether the watches of Pods and Events can tell it.
@Suite("The correlator and its watches")
struct CorrelatorWatchTests {
    private static let pod = Facts.pod([("step-a", Facts.ended(0, from: 5, to: 9))], phase: "Succeeded")
    private static let done = Facts.taskRun(done: ("True", "Succeeded"))

    /// Seconds of uptime; the wall clock stands at 30 s after the epoch of `Facts`.
    private static func at(_ seconds: Double) -> Moment {
        Moment(wall: Facts.time(30 + seconds), uptime: .milliseconds(Int64(seconds * 1000)))
    }

    private static func event(_ reason: String, at seconds: Double) -> Event {
        Event(
            metadata: ObjectMeta(name: "event-\(reason)"),
            podUID: pod.metadata.uid,
            fieldPath: "spec.containers{step-a}",
            reason: reason,
            time: Facts.time(seconds)
        )
    }

    /// One that has seen a TaskRun end with all watches working, or none of them.
    private static func following(watchesTell: Bool) -> Correlator {
        var correlator = Correlator(awaitsWatches: true)
        correlator.watchesTell(true, now: at(0))
        correlator.sighted(
            namespace: Array("ci".utf8),
            taskRun: Array("run".utf8),
            traceID: Facts.context.traceID,
            now: at(1)
        )
        correlator.watchesTell(watchesTell, now: at(2))
        correlator.apply(pod, now: at(3))
        correlator.apply(done, now: at(3))
        return correlator
    }

    private static func names(_ correlator: inout Correlator) -> Set<String> {
        Set(correlator.takeAny().spans.map(\.name))
    }

    @Test func watchesThatComeAndGoAtOnceAreNotWaitedForForEver() {
        var watches = WatchState.telling(since: .zero)
        for second in 10...400 {
            watches.update(false, now: .seconds(second))
            watches.update(true, now: .seconds(second) + .milliseconds(900))
        }
        watches.update(false, now: .seconds(401))
        #expect(watches.toldSince(now: .seconds(402)) == .seconds(310))
        watches.update(true, now: .seconds(402))
        watches.update(false, now: .seconds(405))
        #expect(watches.toldSince(now: .seconds(406)) == .seconds(406))
    }

    @Test func withWorkingWatchesAnAttemptIsFinalAfterTheGrace() {
        var correlator = Self.following(watchesTell: true)
        correlator.tick(now: Self.at(4.9))
        #expect(!Self.names(&correlator).contains("TaskRun"))
        correlator.tick(now: Self.at(5))
        #expect(Self.names(&correlator).contains("TaskRun"))
    }

    @Test func eventsThatCannotBeToldAreWaitedFor() {
        var correlator = Self.following(watchesTell: false)
        correlator.tick(now: Self.at(100))
        #expect(!Self.names(&correlator).contains("TaskRun"))
        // The watch is back, and what was missed comes: as long after that as ever.
        correlator.watchesTell(true, now: Self.at(101))
        correlator.apply(Self.event("Pulling", at: 2), now: Self.at(102))
        correlator.apply(Self.event("Pulled", at: 4), now: Self.at(102))
        correlator.tick(now: Self.at(103))
        let names = Self.names(&correlator)
        #expect(names.contains("TaskRun"))
        #expect(names.contains("pull golang"))
        #expect(correlator.figures.finished == 1)
    }

    @Test func theGraceBeginsWhenTheWatchesTellAgain() {
        var correlator = Self.following(watchesTell: false)
        correlator.watchesTell(true, now: Self.at(50))
        correlator.tick(now: Self.at(51.9))
        #expect(!Self.names(&correlator).contains("TaskRun"))
        correlator.tick(now: Self.at(52))
        #expect(Self.names(&correlator).contains("TaskRun"))
    }

    @Test func watchesThatStaySilentAreWaitedForForAWhileOnly() {
        var correlator = Self.following(watchesTell: false)
        // Silent from second 2 on, 300 s, and the grace.
        correlator.tick(now: Self.at(303.9))
        #expect(!Self.names(&correlator).contains("TaskRun"))
        // Said again and again: still the same outage.
        correlator.watchesTell(false, now: Self.at(303.9))
        correlator.tick(now: Self.at(304))
        #expect(Self.names(&correlator).contains("TaskRun"))
    }

    @Test func afterALongSilenceNothingMoreIsWaitedFor() {
        var correlator = Self.following(watchesTell: false)
        correlator.tick(now: Self.at(400))
        _ = correlator.takeAny()
        correlator.sighted(
            namespace: Array("ci".utf8),
            taskRun: Array("other".utf8),
            traceID: Facts.context.traceID,
            now: Self.at(500)
        )
        let other = Facts.taskRun("other", uid: "other", podName: nil, done: ("False", "TaskRunCancelled"))
        correlator.apply(other, now: Self.at(500))
        correlator.tick(now: Self.at(502))
        correlator.tick(now: Self.at(510))
        #expect(Self.names(&correlator).contains("TaskRun"))
    }

    /// The silence since second 2 goes on after a second, as if there had been no break.
    @Test func aBreakInALongSilenceDoesNotMakeAnythingWaitLonger() {
        var correlator = Correlator(awaitsWatches: true)
        correlator.watchesTell(true, now: Self.at(0))
        correlator.watchesTell(false, now: Self.at(2))
        correlator.sighted(
            namespace: Array("ci".utf8),
            taskRun: Array("run".utf8),
            traceID: Facts.context.traceID,
            now: Self.at(399)
        )
        correlator.apply(Self.pod, now: Self.at(399))
        correlator.apply(Self.done, now: Self.at(399))
        correlator.watchesTell(true, now: Self.at(400))
        correlator.apply(Self.pod, now: Self.at(400.5))
        correlator.tick(now: Self.at(401))
        #expect(!Self.names(&correlator).contains("TaskRun"))
        correlator.watchesTell(false, now: Self.at(401.1))
        correlator.tick(now: Self.at(401.2))
        #expect(Self.names(&correlator).contains("TaskRun"))
    }

    @Test func beforeTheFirstListNothingIsGivenUp() {
        var correlator = Correlator(awaitsWatches: true)
        correlator.sighted(
            namespace: Array("ci".utf8),
            taskRun: Array("run".utf8),
            traceID: Facts.context.traceID,
            now: Self.at(0)
        )
        correlator.apply(Self.done, now: Self.at(0))
        correlator.tick(now: Self.at(60))
        #expect(!correlator.hasDueSpans)
        correlator.apply(Self.pod, now: Self.at(61))
        #expect(Self.names(&correlator).contains("step a"))
        correlator.watchesTell(true, now: Self.at(62))
        correlator.tick(now: Self.at(64))
        #expect(Self.names(&correlator).contains("TaskRun"))
    }
}
