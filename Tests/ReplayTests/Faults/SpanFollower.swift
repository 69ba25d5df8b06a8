import Synchronization

@testable import Kubernetes
@testable import Replay
@testable import Tekton

/// The reflectors of `tekton_steps` and a correlator that is told what they tell: the gateway without its pipeline.
final class SpanFollower: Sendable {
    fileprivate struct State {
        var correlator = Correlator(options: CorrelatorOptions(completedMaxAge: .zero))
        var uptime = Duration.zero
        var taken: [TektonSpan] = []

        var now: Moment {
            Moment(wall: KubernetesTime(unixNanoseconds: 1_795_500_000_000_000_000), uptime: uptime)
        }

        mutating func take() {
            correlator.tick(now: now)
            while correlator.hasDueSpans {
                let injection = correlator.takeAny()
                taken += injection.spans
                correlator.confirm(injection)
            }
        }
    }

    fileprivate let state: Observed<State>
    private let recordings: [Recording]
    private let taskRuns: Follower<TaskRun>
    private let pods: Follower<Pod>
    private let events: Follower<Event>

    /// - Parameter patience: see ``Follower``.
    init(
        _ server: ReplayAPIServer,
        _ recordings: [Recording],
        streams: Bool = true,
        patience: Duration? = nil
    ) throws {
        let state = Observed(State())
        self.state = state
        self.recordings = recordings
        taskRuns = try Follower(server, .taskRuns, streams: streams, patience: patience) { event in
            state.update { state in
                switch event {
                case .applied(let taskRun):
                    state.correlator.apply(taskRun, now: state.now)
                    state.sight(taskRun)
                case .deleted(let key, let last): state.correlator.deleted(key, last: last, now: state.now)
                default: break
                }
            }
        }
        let selection = ObjectSelection(labelSelector: Pod.labelSelector)
        pods = try Follower(server, .pods, selection, streams: streams, patience: patience) { event in
            state.update { state in
                switch event {
                case .applied(let pod): state.correlator.apply(pod, now: state.now)
                case .deleted(let key, let last): state.correlator.deleted(key, last: last, now: state.now)
                default: break
                }
            }
        }
        let ofPods = ObjectSelection(fieldSelector: Event.fieldSelector)
        events = try Follower(server, .events, ofPods, streams: streams, patience: patience) { event in
            guard case .applied(let event) = event, PodEvents.concerns(event) else { return }
            state.update { $0.correlator.apply(event, now: $0.now) }
        }
    }

    /// True once all is told that the server has.
    func reaches(_ server: ReplayAPIServer) async -> Bool {
        let found = [await taskRuns.reaches(server), await pods.reaches(server), await events.reaches(server)]
        return !found.contains(false)
    }

    /// Hands out what is final by now.
    func takeSpans() { state.update { $0.take() } }

    func stop() async {
        await taskRuns.stop()
        await pods.stop()
        await events.stop()
    }

    /// What is not as it is when everything is known from the beginning; nothing more is waited for.
    func problems() throws -> [String] {
        let taken = state.update { state in
            for wait in [1, 3, 12, 200, 10] {
                state.uptime += .seconds(wait)
                state.take()
            }
            return state.taken
        }
        var problems = taskRuns.told.value.problems + pods.told.value.problems + events.told.value.problems
        let byID = Dictionary(taken.map { ($0.spanID, $0) }) { first, _ in first }
        if byID.count != taken.count { problems.append("\(taken.count - byID.count) spans came twice") }
        let expected = try recordings.flatMap { try Explanation(ExplainedObjects($0)).spans }
        for span in expected where byID[span.spanID] != span {
            problems.append("\(span.name) \(byID[span.spanID] == nil ? "is missing" : "is another")")
        }
        if byID.count > expected.count { problems.append("\(byID.count - expected.count) spans too many") }
        return problems
    }
}

extension SpanFollower.State {
    /// A span of its trace comes by.
    fileprivate mutating func sight(_ taskRun: TaskRun) {
        guard let context = taskRun.spanContext else { return }
        correlator.sighted(
            namespace: taskRun.metadata.namespace.utf8,
            taskRun: taskRun.metadata.name.utf8,
            traceID: context.traceID,
            now: now
        )
    }
}

extension ExplainedObjects {
    /// All that a recording tells.
    fileprivate init(_ recording: Recording) throws {
        self.init()
        for event in recording.objectEvents {
            let json = event.object.json
            let isDeleted = event.kind == .deleted
            switch event.object.key.resource {
            case .taskRuns: add(try TaskRun(json: json), isDeleted: isDeleted)
            case .pods: add(try Pod(json: json), isDeleted: isDeleted)
            case .events: add(try Event(json: json))
            case .pipelineRuns: break
            }
        }
    }
}
