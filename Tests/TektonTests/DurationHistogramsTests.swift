import Kubernetes
import OTLP
import Testing

@testable import Tekton

@Suite struct DurationHistogramsTests {
    func measurement(
        _ seconds: Double,
        step: String? = "build",
        task: String = "image",
        result: String = "success"
    ) -> SpanMeasurement {
        SpanMeasurement(
            step: step,
            task: task,
            namespace: "ci",
            result: result,
            start: KubernetesTime(unixNanoseconds: 1_000_000_000),
            end: KubernetesTime(unixNanoseconds: 1_000_000_000 + Int64(seconds * 1_000_000_000))
        )
    }

    @Test func timesOfDifferentAgesHaveADuration() {
        let (first, last) = (KubernetesTime(unixNanoseconds: .min), KubernetesTime(unixNanoseconds: .max))
        func seconds(_ start: KubernetesTime, _ end: KubernetesTime) -> Double {
            SpanMeasurement(step: nil, task: "", namespace: "", result: "", start: start, end: end).seconds
        }
        #expect(seconds(first, last) == Double(Int64.max) / 1_000_000_000)
        #expect(seconds(last, first) == 0)
    }

    @Test func eachIsCountedInTheFirstBucketThatHoldsIt() throws {
        var options = DurationHistograms.Options()
        options.bounds = [1, 10]
        var histograms = DurationHistograms(options: options)
        for seconds in [0, 1, 1.5, 10, 11] { histograms.record(measurement(seconds)) }
        histograms.record(measurement(2, step: nil))
        histograms.record(nil)
        let step = try #require(histograms.steps.first)
        #expect(histograms.steps.count == 1)
        #expect(step.key == .init(namespace: "ci", task: "image", step: "build", result: "success"))
        #expect(step.value.counts == [2, 2, 1])
        #expect(step.value.sum == 23.5)
        #expect(histograms.taskRuns.values.map(\.counts) == [[0, 1, 0]])
    }

    @Test func timesThatRunBackwardsCountAsNone() {
        #expect(measurement(-5).seconds == 0)
    }

    @Test func seriesAreBoundedAndNothingIsLost() throws {
        var options = DurationHistograms.Options()
        options.maxSeries = 2
        var histograms = DurationHistograms(options: options)
        for task in ["a", "b", "c", "a", "d"] { histograms.record(measurement(3, task: task)) }
        #expect(Set(histograms.steps.keys.map(\.task)) == ["a", "b"])
        let others = try #require(histograms.otherSteps)
        #expect(others.counts.reduce(0, +) == 2)
        #expect(others.sum == 6)
        #expect(histograms.otherTaskRuns == nil)
    }

    @Test func whileOptionsChangeThoseBeforeAreCountedInAndCanBeGoneBackTo() throws {
        let before = CorrelatorOptions()
        var after = before
        after.durations.bounds = [7]
        let now = Moment(wall: Facts.time(30), uptime: .zero)
        var correlator = Correlator(options: before)
        func count(_ options: CorrelatorOptions) -> Int? {
            correlator.durations(options.durations)?.steps.values.flatMap(\.counts).reduce(0, +)
        }
        func follow(_ name: String) {
            let trace = SpanContext(traceID: TraceID(high: 5, low: 6), spanID: SpanID(7), isSampled: true)
            let steps = [("step-a", Facts.ended(0, from: 5, to: 9))]
            let pod = Facts.pod(steps, name: "\(name)-pod", uid: "\(name)-pod", taskRunUID: name, phase: "Succeeded")
            correlator.apply(pod, now: now)
            let done = (status: "True", reason: "Succeeded")
            correlator.apply(
                Facts.taskRun(name, uid: name, podName: "\(name)-pod", done: done, context: trace),
                now: now
            )
            correlator.sighted(namespace: "ci".utf8, taskRun: name.utf8, traceID: trace.traceID, now: now)
        }
        follow("first")
        #expect(count(before) == 1)
        #expect(count(after) == nil)
        correlator.change(to: after, besides: [before.durations])
        follow("second")
        #expect(count(before) == 2)
        #expect(count(after) == 1)
        correlator.change(to: before)
        follow("third")
        #expect(count(before) == 3)
        #expect(count(after) == nil)
    }

    @Test func switchedOffNothingIsCounted() {
        var options = DurationHistograms.Options()
        options.isEnabled = false
        var histograms = DurationHistograms(options: options)
        histograms.record(measurement(1))
        #expect(histograms.steps.isEmpty)
    }
}
