import Kubernetes

@testable import Tekton

/// What the cluster does to a run.
extension SimulatedRun {
    static let pipelineRunTimeoutMessage =
        "TaskRun \"run\" was cancelled. TaskRun cancelled as the PipelineRun it belongs to has timed out."

    // MARK: - Containers that do not start

    /// The state of a step's container once its image is there.
    mutating func start(_ canBeRetried: Bool) -> ContainerState {
        if chance(0.03) {
            let failure = ContainerState.Terminated(
                exitCode: 128,
                reason: "StartError",
                finishedAt: now.floored,
                startFailure: "failed to create containerd task: not a directory"
            )
            return ContainerState(terminated: failure)
        }
        if chance(0.03), !canBeRetried {
            return ContainerState(
                waitingReason: "CreateContainerConfigError",
                waitingMessage: "secret \"npm-token\" not found"
            )
        }
        return ContainerState(running: now.floored)
    }

    func hasConfigError(_ pod: Pod) -> Bool {
        pod.steps.contains { pod.state(of: $0.name)?.waitingReason == "CreateContainerConfigError" }
    }

    /// Tekton gives the pod up, and leaves it as it is.
    mutating func endUnconfigured(_ pod: Pod) -> String? {
        show(pod)
        report(pod)
        finish("CreateContainerConfigError", message: "Failed to create pod due to config error")
        return nil
    }

    /// No step could be started.
    mutating func endUnstarted(_ pod: Pod, _ canBeRetried: Bool) -> String? {
        var pod = pod
        pod.phase = "Failed"
        show(pod)
        report(pod)
        if canBeRetried { return "Failed" }
        finish("Failed")
        return nil
    }

    // MARK: - Steps that wait for ever

    /// A step's entrypoint is dead, and those behind wait for its word until Tekton's patience ends.
    mutating func stall(
        _ pod: inout Pod,
        after index: Int,
        _ canBeRetried: Bool,
        isOver: Bool = false
    ) -> String? {
        wait(500...5000)
        let isCancelled = chance(0.5)
        if !canBeRetried, !isOver {
            if isCancelled {
                fakeEnd("TaskRunCancelled", message: chance(0.5) ? Self.pipelineRunTimeoutMessage : nil)
            } else {
                fakeEnd("TaskRunTimeout")
            }
        }
        wait(5...40)
        for container in pod.steps.dropFirst(index + 1) where pod.state(of: container.name)?.terminated == nil {
            end(container, of: &pod, exitCode: 143, nil, shows: false)
        }
        pod.phase = "Failed"
        delete(&pod)
        return canBeRetried ? "TaskRunTimeout" : nil
    }

    mutating func delete(_ pod: inout Pod) {
        pod.metadata.deletionTimestamp = Self.time((clock / 1000 + 30) * 1000)
        show(pod)
        wait(10...800)
        show(pod, isDeleted: true)
    }

    // MARK: - Pods that the cluster ends

    /// The kubelet evicts the pod, and does not find its containers any more.
    mutating func lose(_ pod: inout Pod, from index: Int) -> String? {
        pod.reason = "Evicted"
        pod.phase = "Failed"
        for container in pod.steps.dropFirst(index) where pod.state(of: container.name)?.terminated == nil {
            let lost = ContainerState.Terminated(exitCode: 137, reason: "ContainerStatusUnknown")
            pod.containerStatuses[container.name] = status(container, ContainerState(terminated: lost))
        }
        show(pod)
        report(pod)
        finish("PodEvicted")
        return nil
    }

    /// The scheduler deletes the pod for another.
    mutating func preempt(_ pod: inout Pod, at index: Int, _ started: KubernetesTime) -> String? {
        pod.disruption = Pod.Disruption(reason: "PreemptionByScheduler", since: now.floored)
        show(pod)
        wait(5...40)
        for (position, container) in pod.steps.enumerated() where position >= index {
            guard pod.state(of: container.name)?.terminated == nil else { continue }
            let isInterrupted = position == index
            end(
                container,
                of: &pod,
                exitCode: isInterrupted ? 143 : 1,
                isInterrupted ? started : now,
                reason: isInterrupted ? nil : "Skipped",
                shows: false
            )
        }
        pod.phase = "Failed"
        show(pod)
        report(pod)
        finish("StepFailed")
        wait(10...800)
        delete(&pod)
        return nil
    }
}
