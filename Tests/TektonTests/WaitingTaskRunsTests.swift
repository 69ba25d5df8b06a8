import Kubernetes
import OTLP
import Testing

@testable import Tekton

@Suite("What waits for time to pass")
struct WaitingTaskRunsTests {
    private static func at(_ seconds: Double) -> Moment {
        Moment(wall: Facts.time(30 + seconds), uptime: .milliseconds(Int64(seconds * 1000)))
    }

    /// Names of those that are due, as `tick` goes through them.
    private static func due(_ waiting: inout WaitingTaskRuns, at seconds: Int) -> [String] {
        var uids: [String] = []
        while let uid = waiting.next(now: .seconds(seconds)) {
            uids.append(uid)
            waiting[uid] = nil
        }
        return uids
    }

    @Test func whatIsDueComesInTheOrderOfItsMomentsAndNothingElse() {
        var waiting = WaitingTaskRuns()
        waiting["c"] = .seconds(3)
        waiting["a"] = .seconds(1)
        waiting["b"] = .seconds(2)
        #expect(Self.due(&waiting, at: 0) == [])
        #expect(Self.due(&waiting, at: 2) == ["a", "b"])
        #expect(waiting.contains("c"))
        #expect(Self.due(&waiting, at: 3) == ["c"])
        #expect(waiting.count == 0)
    }

    @Test func theLastMomentCounts() {
        var waiting = WaitingTaskRuns()
        waiting["later"] = .seconds(1)
        waiting["later"] = .seconds(5)
        waiting["sooner"] = .seconds(5)
        waiting["sooner"] = .seconds(1)
        waiting["gone"] = .seconds(1)
        waiting["gone"] = nil
        #expect(Self.due(&waiting, at: 4) == ["sooner"])
        #expect(Self.due(&waiting, at: 5) == ["later"])
    }

    @Test func oneThatGoesOnChangingKeepsNoMoreThanItsPlace() {
        var waiting = WaitingTaskRuns()
        waiting["quiet"] = .seconds(100_001)
        for second in 1...100_000 { waiting["busy"] = .seconds(second) }
        #expect(waiting.orderedCount <= 2 * 2 + 64)
        #expect(Self.due(&waiting, at: 99_999) == [])
        #expect(Self.due(&waiting, at: 100_001) == ["busy", "quiet"])
    }

    @Test func whenAllAreToBeLookedAtAllAre() {
        var waiting = WaitingTaskRuns()
        waiting["a"] = .seconds(10)
        waiting["b"] = .seconds(20)
        waiting.endWaiting()
        #expect(Set(Self.due(&waiting, at: 0)) == ["a", "b"])
        #expect(Self.due(&waiting, at: 30) == [])
    }

    // MARK: - In the correlator

    private static func tick(_ correlator: inout Correlator, at seconds: Double, limit: Int) -> Bool {
        correlator.tick(now: at(seconds), limit: limit)
    }

    /// `count` TaskRuns that are over since second 0, and wait for what the watches may still tell.
    private static func waiting(_ count: Int, _ options: CorrelatorOptions = CorrelatorOptions()) -> Correlator {
        var correlator = Correlator(options: options)
        for index in 0..<count {
            let name = "run-\(index)"
            let context = SpanContext(
                traceID: TraceID(high: 7, low: UInt64(index + 1)),
                spanID: SpanID(3),
                isSampled: true
            )
            correlator.sighted(namespace: "ci".utf8, taskRun: name.utf8, traceID: context.traceID, now: at(0))
            correlator.apply(
                Facts.taskRun(name, uid: name, podName: nil, done: ("False", "CouldntGetTask"), context: context),
                now: at(0)
            )
        }
        return correlator
    }

    @Test func timeIsSpentOnWhatIsDueAndNotOnWhatWaits() {
        var correlator = Self.waiting(3)
        let other = Facts.taskRun("late", uid: "late", podName: nil, done: ("False", "CouldntGetTask"))
        correlator.sighted(namespace: "ci".utf8, taskRun: "late".utf8, traceID: Facts.context.traceID, now: Self.at(1))
        correlator.apply(other, now: Self.at(1))
        #expect(correlator.waiting.count == 4)
        // A limit of none: it says whether there is anything to be done.
        #expect(!Self.tick(&correlator, at: 1.9, limit: 0))
        #expect(Self.tick(&correlator, at: 2, limit: 0))
        #expect(!Self.tick(&correlator, at: 2, limit: 3))
        #expect(correlator.figures.finished == 3)
        #expect(!Self.tick(&correlator, at: 2.9, limit: 0))
        #expect(!Self.tick(&correlator, at: 3, limit: 1))
        #expect(correlator.figures.finished == 4)
    }

    @Test func manyThatAreDueAtOnceAreLookedAtAFewAtATime() {
        var correlator = Self.waiting(250)
        var expected = Self.waiting(250)
        expected.tick(now: Self.at(2))
        #expect(Self.tick(&correlator, at: 2, limit: 100))
        #expect(correlator.figures.finished == 100)
        #expect(Self.tick(&correlator, at: 2, limit: 100))
        #expect(!Self.tick(&correlator, at: 2, limit: 100))
        #expect(correlator.figures == expected.figures)
    }

    /// As it was when they were gone through time and again.
    @Test func otherOptionsForSpansHoldForWhatWaits() {
        var options = CorrelatorOptions()
        options.spans.schedule = false
        var correlator = Correlator(options: options)
        correlator.sighted(namespace: "ci".utf8, taskRun: "run".utf8, traceID: Facts.context.traceID, now: Self.at(0))
        correlator.apply(Facts.pod([("step-a", Facts.ended(0, from: 5, to: 9))], phase: "Running"), now: Self.at(0))
        correlator.apply(Facts.pod([("step-a", Facts.running)], name: "run-pod", uid: "second"), now: Self.at(0))
        correlator.apply(Facts.taskRun(done: ("False", "TaskRunCancelled")), now: Self.at(0))
        correlator.tick(now: Self.at(10))
        #expect(!correlator.takeAny().spans.contains { $0.kind == .schedule })
        options.spans.schedule = true
        correlator.change(to: options)
        correlator.tick(now: Self.at(10.2))
        #expect(correlator.takeAny().spans.contains { $0.kind == .schedule })
    }
}
