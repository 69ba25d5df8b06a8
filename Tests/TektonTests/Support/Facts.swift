import Kubernetes
import OTLP

@testable import Tekton

/// Short forms of facts for tests. Times are seconds after an epoch.
enum Facts {
    static let context = SpanContext(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), isSampled: true)

    static func time(_ seconds: Double) -> KubernetesTime {
        KubernetesTime(unixNanoseconds: 1_795_422_400_000_000_000 + Int64(seconds * 1000) * 1_000_000)
    }

    static func taskRun(
        _ name: String = "run",
        uid: String = "uid",
        labels: [String: String] = [:],
        podName: String? = "run-pod",
        done: (status: String, reason: String)? = nil,
        message: String? = nil,
        at completion: Double = 20,
        context: SpanContext? = context,
        specStepNames: [String] = []
    ) -> TaskRun {
        var taskRun = TaskRun(
            metadata: ObjectMeta(
                name: name,
                namespace: "ci",
                uid: uid,
                creationTimestamp: time(0),
                labels: labels
            ),
            spanContext: context,
            specStepNames: specStepNames
        )
        taskRun.status.podName = podName
        taskRun.status.steps = [AttemptStatus.Step(name: "a", container: "step-a")]
        if let done {
            taskRun.status.completionTime = time(completion)
            taskRun.status.condition = AttemptStatus.Condition(
                type: "Succeeded",
                status: done.status,
                reason: done.reason,
                message: message
            )
        }
        return taskRun
    }

    static func pod(
        _ containers: [(name: String, state: ContainerState)],
        initContainers: [(container: Pod.Container, state: ContainerState)] = [],
        name: String = "run-pod",
        uid: String = "pod-uid",
        taskRunUID: String = "uid",
        phase: String = "Running",
        reason: String? = nil,
        isReady: Bool = true
    ) -> Pod {
        var pod = Pod(
            metadata: ObjectMeta(
                name: name,
                namespace: "ci",
                uid: uid,
                creationTimestamp: time(1),
                annotations: isReady ? [Pod.Key.readyAnnotation: "READY"] : [:],
                ownerReferences: [OwnerReference(kind: "TaskRun", name: "run", uid: taskRunUID)]
            ),
            nodeName: "node-1",
            initContainers: initContainers.map(\.container),
            containers: containers.map { Pod.Container(name: $0.name, image: "golang:1.27") },
            phase: phase,
            reason: reason,
            scheduled: AttemptStatus.Condition(type: "PodScheduled", status: "True", lastTransitionTime: time(2))
        )
        for (name, state) in containers + initContainers.map({ ($0.container.name, $0.state) }) {
            pod.containerStatuses[name] = Pod.ContainerStatus(name: name, state: state)
        }
        return pod
    }

    /// A step's container that ended. Its container started at 4.
    static func ended(
        _ exitCode: Int,
        from start: Double?,
        to end: Double,
        reason: String? = nil,
        internalReason: String? = nil,
        internalExitCode: Int? = nil
    ) -> ContainerState {
        ContainerState(
            terminated: ContainerState.Terminated(
                exitCode: exitCode,
                reason: reason ?? (exitCode == 0 ? "Completed" : "Error"),
                startedAt: time(4),
                finishedAt: time(end),
                message: start.map {
                    TerminationMessage(startedAt: time($0), exitCode: internalExitCode, reason: internalReason)
                }
            )
        )
    }

    /// What the kubelet writes of a container that it cannot find any more.
    static let lost = ContainerState(
        terminated: ContainerState.Terminated(exitCode: 137, reason: "ContainerStatusUnknown")
    )

    /// A container that the runtime could not start.
    static func notStarted(at end: Double, reason: String = "StartError", failure: String) -> ContainerState {
        ContainerState(
            terminated: ContainerState.Terminated(
                exitCode: 128,
                reason: reason,
                finishedAt: time(end),
                startFailure: failure
            )
        )
    }

    static let running = ContainerState(running: time(4))

    static func spans(
        _ taskRun: TaskRun,
        _ pods: [Attempt.PodFacts],
        options: SpanOptions = SpanOptions(),
        isDeleted: Bool = false
    ) -> [TektonSpan] {
        guard var attempt = taskRun.attempts(isDeleted: isDeleted).last, let context = taskRun.spanContext else {
            return []
        }
        attempt.pods = pods
        return AttemptSpans(taskRun: taskRun, attempt: attempt, context: context, options: options).final
    }

    static func spans(_ taskRun: TaskRun, _ pod: Pod, options: SpanOptions = SpanOptions()) -> [TektonSpan] {
        spans(taskRun, [Attempt.PodFacts(pod: pod)], options: options)
    }
}

extension [TektonSpan] {
    subscript(_ name: String) -> TektonSpan? { first { $0.name == name } }
}

extension TektonSpan {
    subscript(_ key: String) -> String? {
        switch attributes.first(where: { $0.key == key })?.value {
        case .string(let text): text
        case .int(let number): "\(number)"
        case .strings(let texts): texts.joined(separator: ",")
        case nil: nil
        }
    }

    var result: String? { self["cicd.pipeline.task.run.result"] }
    var isError: Bool { status != .unset }
}
