import Kubernetes

/// The spans that a set of objects gives, as if nothing more were to come, and what there is to say about them.
///
/// For questions such as "why does my trace look like this" and for tests: what the gateway emits in the end is this,
/// whatever the order in which it learnt of the objects.
public struct Explanation: Sendable {
    /// Children before the span of their TaskRun, TaskRuns by namespace and name.
    public let spans: [TektonSpan]
    /// What is missing or odd, a sentence each, beginning with the object's name.
    public let notes: [String]

    /// - Parameters:
    ///   - objects: of several versions of one object the last counts.
    public init(_ objects: ExplainedObjects, options: SpanOptions = SpanOptions()) {
        var spans: [TektonSpan] = []
        var notes: [String] = []
        let taskRuns = objects.taskRuns.sorted {
            ($0.object.metadata.namespace, $0.object.metadata.name) < (
                $1.object.metadata.namespace, $1.object.metadata.name
            )
        }
        for (taskRun, isDeleted) in taskRuns {
            let name = "TaskRun \(taskRun.metadata.key)"
            guard let context = taskRun.spanContext else {
                notes.append(
                    "\(name) has no span context that can be read: Tekton's tracing was off for it, or its annotation "
                        + "is not a W3C trace context. Nothing is added."
                )
                continue
            }
            guard context.isSampled else {
                notes.append("\(name): its trace is not sampled. Nothing is added.")
                continue
            }
            for var attempt in taskRun.attempts(isDeleted: isDeleted) {
                attempt.pods = objects.pods(of: attempt, taskRunUID: taskRun.metadata.uid)
                notes += Self.notes(attempt, name)
                // Containers that have not ended by now are waited for, but not for ever. No pod will be shown any more.
                attempt.isAbandoned = attempt.pods.isEmpty
                let soon = AttemptSpans(taskRun: taskRun, attempt: attempt, context: context, options: options)
                attempt.isAbandoned = attempt.isOver
                let found = AttemptSpans(taskRun: taskRun, attempt: attempt, context: context, options: options)
                spans += found.final
                let late = found.final.filter { span in !soon.final.contains { $0.spanID == span.spanID } }
                if !late.isEmpty {
                    notes.append(
                        "\(name): the pod of attempt \(attempt.number) has containers that have not ended. When they do "
                            + "not within two minutes after the attempt, these spans are sent as they are here: "
                            + "\(late.map(\.name).joined(separator: ", "))."
                    )
                }
                let open = found.entries.filter { !$0.isFinal }.map(\.span.name)
                if !open.isEmpty {
                    notes.append("\(name): not final yet, and left out: \(open.joined(separator: ", ")).")
                }
            }
        }
        let known = Set(taskRuns.map(\.object.metadata.uid))
        for facts in objects.pods where !known.contains(facts.pod.taskRunUID ?? "") {
            notes.append("Pod \(facts.pod.metadata.key): its TaskRun is not among the objects. Left out.")
        }
        self.spans = spans
        self.notes = notes
    }

    private static func notes(_ attempt: Attempt, _ name: String) -> [String] {
        guard attempt.pods.isEmpty, let podName = attempt.status.podName else {
            return attempt.isOver || !attempt.pods.isEmpty ? [] : ["\(name): attempt \(attempt.number) has no pod yet."]
        }
        return [
            "\(name): the pod of attempt \(attempt.number), \(podName), is not among the objects. Without it nothing is "
                + "known of its steps."
        ]
    }
}

/// TaskRuns, Pods and Events in their last versions.
public struct ExplainedObjects: Sendable {
    private(set) var taskRuns: [(object: TaskRun, isDeleted: Bool)] = []
    private var podFacts: [Attempt.PodFacts] = []
    private var events: [String: PodEvents] = [:]

    public init() {}

    public var isEmpty: Bool { taskRuns.isEmpty && podFacts.isEmpty }

    public mutating func add(_ taskRun: TaskRun, isDeleted: Bool = false) {
        taskRuns.removeAll { $0.object.metadata.uid == taskRun.metadata.uid }
        taskRuns.append((taskRun, isDeleted))
    }

    public mutating func add(_ pod: Pod, isDeleted: Bool = false) {
        let facts = Attempt.PodFacts(pod: pod, isGone: isDeleted)
        if let index = podFacts.firstIndex(where: { $0.pod.metadata.uid == pod.metadata.uid }) {
            podFacts[index] = facts
        } else {
            podFacts.append(facts)
        }
    }

    public mutating func add(_ event: Event) {
        events[event.podUID, default: PodEvents()].add(event)
    }

    var pods: [Attempt.PodFacts] {
        podFacts.map { facts in
            Attempt.PodFacts(
                pod: facts.pod,
                events: events[facts.pod.metadata.uid] ?? PodEvents(),
                isGone: facts.isGone
            )
        }
    }

    func pods(of attempt: Attempt, taskRunUID: String) -> [Attempt.PodFacts] {
        pods.filter { $0.pod.taskRunUID == taskRunUID && $0.pod.metadata.name == attempt.status.podName }
    }
}
