import Kubernetes

@testable import Tekton

/// What is known when all changes have been seen, and the spans it gives.
struct LastFacts {
    private var taskRuns: [(taskRun: TaskRun, isDeleted: Bool)] = []
    private var pods: [Attempt.PodFacts] = []

    init(_ changes: [Recording.Change]) {
        var events: [String: PodEvents] = [:]
        for case .event(let event, _) in changes { events[event.podUID, default: PodEvents()].add(event) }
        for change in changes {
            switch change {
            case .taskRun(let taskRun, let isDeleted):
                if let index = taskRuns.firstIndex(where: { $0.taskRun.metadata.uid == taskRun.metadata.uid }) {
                    taskRuns[index] = (taskRun, isDeleted)
                } else {
                    taskRuns.append((taskRun, isDeleted))
                }
            case .pod(let pod, let isDeleted):
                let facts = Attempt.PodFacts(
                    pod: pod,
                    events: events[pod.metadata.uid] ?? PodEvents(),
                    isGone: isDeleted
                )
                if let index = pods.firstIndex(where: { $0.pod.metadata.uid == pod.metadata.uid }) {
                    pods[index] = facts
                } else {
                    pods.append(facts)
                }
            case .event:
                break
            }
        }
    }

    func spans(options: SpanOptions = SpanOptions()) -> [TektonSpan] {
        taskRuns.sorted { $0.taskRun.metadata.name < $1.taskRun.metadata.name }.flatMap { taskRun, isDeleted in
            taskRun.attempts(isDeleted: isDeleted).flatMap { attempt -> [TektonSpan] in
                guard let context = taskRun.spanContext else { return [] }
                var attempt = attempt
                attempt.pods = pods.filter { $0.pod.metadata.name == attempt.status.podName }
                return AttemptSpans(taskRun: taskRun, attempt: attempt, context: context, options: options).final
            }
        }
    }
}
