import Kubernetes
import OTLP
import TestSupport

@testable import Tekton

/// The changes of a run in a random order that keeps the order of each watch, with sightings, repeats, relists, batches
/// that are refused, and restarts of the gateway in between.
struct History {
    private enum Stream: Int, CaseIterable {
        case taskRuns
        case pods
        case events
        case sightings
    }

    private enum Step {
        case change(Recording.Change)
        case sighting(TaskRun, SpanContext)
    }

    private var streams: [[Step]]
    private var generator: SeededGenerator
    private var correlator = Self.newCorrelator()
    private var uptime: Duration = .zero
    private var seenSightings: [Step] = []
    private var seen: [Recording.Change] = []
    private var isAnythingGone = false
    private var emitted: [SpanID: TektonSpan] = [:]
    private var problems: [String] = []
    /// A restart may repeat what was sent before it, but not change it.
    private var sentSinceRestart: Set<SpanID> = []

    /// Plays the changes in an order that `seed` decides; empty when the spans of the last facts came out, each once.
    static func problems(_ changes: [Recording.Change], seed: UInt64) -> [String] {
        var history = History(changes, seed: seed)
        history.play()
        history.compare(with: Explanation(ExplainedObjects(changes)).spans)
        return history.problems
    }

    private init(_ changes: [Recording.Change], seed: UInt64) {
        generator = SeededGenerator(seed: seed ^ 0x5EED)
        streams = Stream.allCases.map { _ in [] }
        var contexts: Set<SpanContext> = []
        for change in changes {
            switch change {
            case .taskRun(let taskRun, _):
                streams[Stream.taskRuns.rawValue].append(.change(change))
                if let context = taskRun.spanContext, contexts.insert(context).inserted {
                    streams[Stream.sightings.rawValue].append(.sighting(taskRun, context))
                }
            case .pod:
                streams[Stream.pods.rawValue].append(.change(change))
            case .event:
                streams[Stream.events.rawValue].append(.change(change))
            }
        }
    }

    private static func newCorrelator() -> Correlator {
        Correlator(options: CorrelatorOptions(completedMaxAge: .zero))
    }

    private mutating func play() {
        while let index = streams.indices.filter({ !streams[$0].isEmpty }).randomElement(using: &generator) {
            perform(streams[index].removeFirst())
            uptime += .milliseconds(1)
            disturb()
        }
        // All has been told; what is waited for in vain must come to an end.
        for wait in [1, 3, 12, 200, 10] {
            uptime += .seconds(wait)
            correlator.tick(now: now)
            pass(correlator.takeOverdue(now: now))
        }
        accept(correlator.takeAny())
    }

    private var now: Moment {
        Moment(wall: KubernetesTime(unixNanoseconds: 1_795_500_000_000_000_000), uptime: uptime)
    }

    private mutating func perform(_ step: Step) {
        switch step {
        case .sighting(let taskRun, let context):
            seenSightings.append(step)
            sight(taskRun, context)
        case .change(let change):
            seen.append(change)
            show(change)
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

    private mutating func show(_ change: Recording.Change) {
        // A deletion noticed by a relist comes without the object.
        let isSeen = Bool.random(using: &generator)
        switch change {
        case .taskRun(let taskRun, let isDeleted) where isDeleted:
            isAnythingGone = true
            correlator.deleted(taskRun.metadata.key, last: isSeen ? taskRun : nil, now: now)
        case .taskRun(let taskRun, _):
            correlator.apply(taskRun, now: now)
        case .pod(let pod, let isDeleted) where isDeleted:
            isAnythingGone = true
            correlator.deleted(pod.metadata.key, last: isSeen ? pod : nil, now: now)
        case .pod(let pod, _):
            correlator.apply(pod, now: now)
        case .event(let event, _):
            correlator.apply(event, now: now)
        }
    }

    /// Batches that come by and may be refused, relists, restarts, and time.
    private mutating func disturb() {
        switch Int.random(in: 0..<24, using: &generator) {
        case 0, 1:
            relist()
        case 2, 3, 4:
            pass(correlator.take(from: traces))
        case 5, 6:
            uptime += .milliseconds(10)
            correlator.tick(now: now)
            pass(correlator.takeOverdue(now: now))
        case 7 where !isAnythingGone && chance(0.5):
            restart()
        default:
            break
        }
    }

    private mutating func relist() {
        var current: [String: Recording.Change] = [:]
        for change in seen {
            switch change {
            case .taskRun(let taskRun, let isDeleted): current[taskRun.metadata.uid] = isDeleted ? nil : change
            case .pod(let pod, let isDeleted): current[pod.metadata.uid] = isDeleted ? nil : change
            case .event(let event, let isDeleted): current[event.metadata.uid] = isDeleted ? nil : change
            }
        }
        for (_, change) in current.sorted(by: { $0.key < $1.key }) { show(change) }
    }

    /// The gateway forgets everything, lists all objects, and sees spans of the traces again.
    private mutating func restart() {
        correlator = Self.newCorrelator()
        sentSinceRestart = []
        relist()
        for case .sighting(let taskRun, let context) in seenSightings { sight(taskRun, context) }
    }

    private var traces: [TraceID] {
        seen.compactMap { change in
            guard case .taskRun(let taskRun, _) = change else { return nil }
            return taskRun.spanContext?.traceID
        }
    }

    private mutating func pass(_ injection: Injection) {
        if chance(0.5) {
            correlator.giveBack(injection)
        } else {
            accept(injection)
        }
    }

    private mutating func accept(_ injection: Injection) {
        for span in injection.spans {
            if !sentSinceRestart.insert(span.spanID).inserted { problems.append("sent twice: \(span.name)") }
            if let before = emitted[span.spanID], before != span {
                problems.append("sent again and differently: \(Self.text(before))\nthen \(Self.text(span))")
            }
            emitted[span.spanID] = span
        }
        correlator.confirm(injection)
    }

    private mutating func compare(with expected: [TektonSpan]) {
        for span in expected where emitted[span.spanID] != span {
            problems.append("expected \(Self.text(span))\nfound \(emitted[span.spanID].map(Self.text) ?? "nothing")")
        }
        let ids = Set(expected.map(\.spanID))
        for (id, span) in emitted where !ids.contains(id) { problems.append("too much: \(Self.text(span))") }
    }

    private static func text(_ span: TektonSpan) -> String {
        SpanText.render([span], since: KubernetesTime(unixNanoseconds: 0))
    }

    private mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &generator) < probability
    }
}
