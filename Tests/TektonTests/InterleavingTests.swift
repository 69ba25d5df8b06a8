import FoundationEssentials
import Kubernetes
import OTLP
import Testing

@testable import Tekton

@Suite("The order in which facts arrive makes no difference")
struct InterleavingTests {
    @Test(
        "Whatever the order of watches, sightings, repeats, relists and refusals, the last facts' spans come out, once",
        arguments: Recording.scenarios
    )
    func recordedFactsInAnyOrder(scenario: String) throws {
        let recording = try Recording(scenario)
        let first = UInt64.random(in: 0 ..< .max / 2)
        for seed in first..<(first + 20) {
            let problems = History.problems(recording.changes.map(\.change), seed: seed)
            #expect(problems == [], "seed \(seed)")
        }
    }

    /// In parts of 250 at the most, so that all cores have something to do.
    ///
    /// `STEPTRACE_HISTORIES` sets their number, `STEPTRACE_HISTORY_SEED` the seed of the first.
    private static let seeds: [Range<UInt64>] = {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["STEPTRACE_HISTORIES"].flatMap { UInt64($0) } ?? 1000
        let first = environment["STEPTRACE_HISTORY_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ..< .max / 2)
        let end = first + count
        return stride(from: first, to: end, by: 250).map { $0..<min($0 + 250, end) }
    }()

    @Test("So it is in a thousand generated runs, with restarts of the gateway", arguments: seeds)
    func generatedHistories(seeds: Range<UInt64>) {
        for seed in seeds {
            let run = SimulatedRun(seed: seed)
            let problems = History.problems(run.changes, seed: seed) + Invariants.problems(run.changes)
            guard problems.isEmpty else {
                Issue.record(
                    "STEPTRACE_HISTORY_SEED=\(seed) STEPTRACE_HISTORIES=1: \(problems.joined(separator: "\n"))"
                )
                return
            }
        }
    }
}

/// What holds for the spans of any facts.
enum Invariants {
    static func problems(_ changes: [Recording.Change]) -> [String] {
        let objects = ExplainedObjects(changes)
        return [SpanOptions.StepTransitions.events, .spans].flatMap { transitions in
            problems(Explanation(objects, options: SpanOptions(stepTransitions: transitions)).spans)
        }
    }

    private static func problems(_ spans: [TektonSpan]) -> [String] {
        var problems: [String] = []
        if Set(spans.map(\.spanID)).count != spans.count { problems.append("a span id is not unique") }
        let byID = Dictionary(spans.map { ($0.spanID, $0) }) { first, _ in first }
        for span in spans {
            if span.end <= span.start { problems.append("\(span.name) does not end after it starts") }
            if span.kind == .taskRun {
                if span.parentSpanID != span.context.spanID { problems.append("\(span.name) has another parent") }
            } else if let parent = byID[span.parentSpanID] {
                if span.start < parent.start || span.end > parent.end {
                    problems.append("\(span.name) sticks out of \(parent.name)")
                }
            } else {
                problems.append("\(span.name) has no parent")
            }
            let hasErrorType = span.attributes.contains { $0.key == "error.type" }
            if (span.status == .unset) == hasErrorType { problems.append("\(span.name): status and error.type differ") }
            if Set(span.attributes.map(\.key)).count != span.attributes.count {
                problems.append("\(span.name) repeats an attribute")
            }
        }
        return problems
    }
}
