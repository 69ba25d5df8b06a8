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
        let expected = Self.byID(recording.finalSpans())
        let first = UInt64.random(in: 0 ..< .max)
        for seed in first..<(first + 20) {
            var history = History(recording, seed: seed)
            history.play()
            let emitted = history.emitted
            #expect(Set(emitted.map(\.spanID)).count == emitted.count, "doubled; seed \(seed)")
            let differences = Self.differences(Self.byID(emitted), expected)
            #expect(differences == [], "seed \(seed)")
        }
    }

    private static func differences(_ emitted: [SpanID: TektonSpan], _ expected: [SpanID: TektonSpan]) -> [String] {
        var differences: [String] = []
        let epoch = KubernetesTime(unixNanoseconds: 0)
        for (id, span) in expected where emitted[id] != span {
            let found = emitted[id].map { SpanText.render([$0], since: epoch) } ?? "nothing"
            differences.append("expected \(SpanText.render([span], since: epoch))\nfound \(found)")
        }
        for (id, span) in emitted where expected[id] == nil { differences.append("too much: \(span.name)") }
        return differences
    }

    private static func byID(_ spans: [TektonSpan]) -> [SpanID: TektonSpan] {
        Dictionary(spans.map { ($0.spanID, $0) }) { first, _ in first }
    }
}

/// A recording's changes in a random order that keeps the order of each watch.
private struct History {
    private enum Stream: CaseIterable {
        case taskRuns
        case pods
        case events
        case sightings
    }

    private let recording: Recording
    private var generator: SeededGenerator
    private var correlator = Correlator(options: CorrelatorOptions(completedMaxAge: .zero))
    private var uptime: Duration = .zero
    private var taskRuns: [String: TaskRun] = [:]
    private(set) var emitted: [TektonSpan] = []

    init(_ recording: Recording, seed: UInt64) {
        self.recording = recording
        generator = SeededGenerator(seed: seed)
    }

    mutating func play() {
        var streams: [Stream: [() -> (inout History) -> Void]] = [:]
        for (_, change) in recording.changes {
            switch change {
            case .taskRun(let taskRun, let isDeleted):
                streams[.taskRuns, default: []].append { { $0.show(taskRun, isDeleted: isDeleted) } }
                if let context = taskRun.spanContext {
                    streams[.sightings, default: []].append { { $0.sight(taskRun, context) } }
                }
            case .pod(let pod, let isDeleted):
                streams[.pods, default: []].append { { $0.show(pod, isDeleted: isDeleted) } }
            case .event(let event, _):
                streams[.events, default: []].append { { $0.correlator.apply(event, now: $0.now) } }
            }
        }
        while let stream = streams.keys.sorted(by: { "\($0)" < "\($1)" }).randomElement(using: &generator) {
            streams[stream]?.removeFirst()()(&self)
            if streams[stream]?.isEmpty == true { streams[stream] = nil }
            uptime += .milliseconds(1)
            disturb()
        }
        // All has been told; what is waited for in vain must come to an end.
        for wait in [1, 3, 12, 200, 10] {
            uptime += .seconds(wait)
            collect(correlator.tick(now: now))
        }
        accept(correlator.takeAll())
    }

    private var now: Moment {
        Moment(wall: KubernetesTime(unixNanoseconds: 1_795_500_000_000_000_000), uptime: uptime)
    }

    private mutating func show(_ taskRun: TaskRun, isDeleted: Bool) {
        taskRuns[taskRun.metadata.uid] = isDeleted ? nil : taskRun
        if isDeleted {
            correlator.deleted(taskRun.metadata.key, last: Bool.random(using: &generator) ? taskRun : nil, now: now)
        } else {
            correlator.apply(taskRun, now: now)
        }
    }

    private mutating func show(_ pod: Pod, isDeleted: Bool) {
        if isDeleted {
            correlator.deleted(pod.metadata.key, last: Bool.random(using: &generator) ? pod : nil, now: now)
        } else {
            correlator.apply(pod, now: now)
        }
    }

    private mutating func sight(_ taskRun: TaskRun, _ context: SpanContext) {
        correlator.sighted(
            namespace: Array(taskRun.metadata.namespace.utf8),
            taskRun: Array(taskRun.metadata.name.utf8),
            traceID: context.traceID,
            now: now
        )
    }

    /// Batches that come by and may be refused, relists, and time.
    private mutating func disturb() {
        switch Int.random(in: 0..<10, using: &generator) {
        case 0:
            for taskRun in taskRuns.values { correlator.apply(taskRun, now: now) }
        case 1, 2:
            let traces = taskRuns.values.compactMap { $0.spanContext?.traceID }
            collect(correlator.take(from: traces))
        case 3:
            uptime += .milliseconds(100)
            collect(correlator.tick(now: now))
        default:
            break
        }
    }

    private mutating func collect(_ injection: Injection) {
        if Bool.random(using: &generator) {
            correlator.giveBack(injection)
            return
        }
        accept(injection)
    }

    private mutating func accept(_ injection: Injection) {
        emitted += injection.spans
        correlator.confirm(injection)
    }
}
