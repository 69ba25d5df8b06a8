import Kubernetes
import OTLP
import Tekton

/// Objects of many TaskRuns with three steps each, at any stage of their run.
struct Cluster {
    static let steps = ["fetch", "build", "test"]
    private static let epoch: Int64 = 1_795_422_400

    func context(_ index: Int) -> SpanContext {
        SpanContext(
            traceID: TraceID(high: 0x9e37_79b9_7f4a_7c15 &* UInt64(index + 1), low: UInt64(index + 1)),
            spanID: SpanID(UInt64(index + 1)),
            isSampled: true
        )
    }

    func name(_ index: Int) -> String { "build-and-test-run-\(index)" }

    /// - Parameter ended: how many of its steps have ended.
    func taskRun(_ index: Int, ended: Int) -> TaskRun {
        var taskRun = TaskRun(
            metadata: ObjectMeta(
                name: name(index),
                namespace: "continuous-integration",
                uid: uid(index),
                creationTimestamp: time(0),
                labels: [TaskRun.Label.pipelineTask: "build", TaskRun.Label.pipelineRun: "pipeline-run-\(index)"]
            ),
            spanContext: context(index),
            specStepNames: Self.steps
        )
        taskRun.status.podName = "\(name(index))-pod"
        taskRun.status.startTime = time(0)
        taskRun.status.steps = Self.steps.map { AttemptStatus.Step(name: $0, container: "step-\($0)") }
        if ended == Self.steps.count {
            taskRun.status.completionTime = time(60)
            taskRun.status.condition = AttemptStatus.Condition(type: "Succeeded", status: "True", reason: "Succeeded")
        }
        return taskRun
    }

    func pod(_ index: Int, ended: Int) -> Pod {
        var pod = Pod(
            metadata: ObjectMeta(
                name: "\(name(index))-pod",
                namespace: "continuous-integration",
                uid: "pod-" + uid(index),
                creationTimestamp: time(0),
                annotations: [Pod.Key.readyAnnotation: "READY"],
                ownerReferences: [OwnerReference(kind: "TaskRun", name: name(index), uid: uid(index))]
            ),
            nodeName: "node-\(index % 50)",
            initContainers: ["prepare", "place-scripts"].map { Pod.Container(name: $0, image: "entrypoint:v1.15.0") },
            containers: Self.steps.map { Pod.Container(name: "step-\($0)", image: "docker.io/library/golang:1.27") },
            phase: ended == Self.steps.count ? "Succeeded" : "Running",
            scheduled: AttemptStatus.Condition(type: "PodScheduled", status: "True", lastTransitionTime: time(1))
        )
        for name in ["prepare", "place-scripts"] { pod.containerStatuses[name] = status(name, from: 1, to: 2, index) }
        for (position, step) in Self.steps.enumerated() {
            let start = Int64(10 + 10 * position)
            pod.containerStatuses["step-\(step)"] =
                position < ended
                ? status("step-\(step)", from: start, to: start + 8, index)
                : Pod.ContainerStatus(name: "step-\(step)", state: ContainerState(running: time(4)))
        }
        return pod
    }

    private func status(_ name: String, from start: Int64, to end: Int64, _ index: Int) -> Pod.ContainerStatus {
        Pod.ContainerStatus(
            name: name,
            state: ContainerState(
                terminated: ContainerState.Terminated(
                    exitCode: 0,
                    reason: "Completed",
                    startedAt: time(4),
                    finishedAt: time(end),
                    containerID: "containerd://4cbb16f27d6be9d67abe01c92b4fb04c9ba9d01165d0378a408ffeab931f\(index)",
                    message: TerminationMessage(startedAt: time(start))
                )
            ),
            imageID: "docker.io/library/golang@sha256:aa6aac8893bd2b5e7f2a8938209ae1619e133928aafc9c1497e331b99eba9d97"
        )
    }

    private func uid(_ index: Int) -> String { "321fac04-8da3-4d07-b482-\(100_000_000_000 + index)" }

    private func time(_ seconds: Int64) -> KubernetesTime {
        KubernetesTime(unixNanoseconds: (Self.epoch + seconds) * 1_000_000_000)
    }
}
