public import Kubernetes

/// What steptrace uses of a Pod that Tekton made for an attempt of a TaskRun.
public struct Pod: KubernetesResource, Equatable {
    public static let resource = APIResource(group: "", versions: ["v1"], plural: "pods")
    public static let keptMetadata = KeptMetadata(labels: [Key.taskRunUIDLabel], annotations: [Key.readyAnnotation])
    /// Tekton's pods, and no others (affinity assistants have no such label).
    public static let labelSelector = "tekton.dev/taskRun"

    public var metadata: ObjectMeta
    public var nodeName: String?
    public var initContainers: [Container]
    public var containers: [Container]
    /// `status.phase`.
    public var phase: String?
    /// `status.reason`, such as `Evicted`.
    public var reason: String?
    /// The condition `PodScheduled`.
    public var scheduled: AttemptStatus.Condition?
    /// The condition `DisruptionTarget`, where it is true.
    public var disruption: Disruption?
    /// False where the first step waits for nobody: READY was put on the pod when it was made, so that it proves nothing.
    public var awaitsReady: Bool
    /// Of init and other containers, by name.
    public var containerStatuses: [String: ContainerStatus]

    public init(
        metadata: ObjectMeta,
        nodeName: String? = nil,
        initContainers: [Container] = [],
        containers: [Container] = [],
        phase: String? = nil,
        reason: String? = nil,
        scheduled: AttemptStatus.Condition? = nil,
        disruption: Disruption? = nil,
        awaitsReady: Bool = true,
        containerStatuses: [String: ContainerStatus] = [:]
    ) {
        self.metadata = metadata
        self.nodeName = nodeName
        self.initContainers = initContainers
        self.containers = containers
        self.phase = phase
        self.reason = reason
        self.scheduled = scheduled
        self.disruption = disruption
        self.awaitsReady = awaitsReady
        self.containerStatuses = containerStatuses
    }

    public struct Container: Sendable, Equatable {
        public var name: String
        public var image: String?
        /// `Always` for a native sidecar.
        public var restartPolicy: String?

        public init(name: String, image: String? = nil, restartPolicy: String? = nil) {
            self.name = name
            self.image = image
            self.restartPolicy = restartPolicy
        }
    }

    /// The cluster ends the pod: preempted, drained from its node, and the like.
    public struct Disruption: Sendable, Equatable {
        /// Such as `PreemptionByScheduler`.
        public var reason: String
        public var since: KubernetesTime?

        public init(reason: String, since: KubernetesTime? = nil) {
            self.reason = reason
            self.since = since
        }
    }

    public struct ContainerStatus: Sendable, Equatable {
        public var name: String
        public var state: ContainerState?
        public var imageID: String?
        public var containerID: String?

        public init(
            name: String,
            state: ContainerState? = nil,
            imageID: String? = nil,
            containerID: String? = nil
        ) {
            self.name = name
            self.state = state
            self.imageID = imageID
            self.containerID = containerID
        }
    }
}

extension Pod {
    /// The label and the annotation that steptrace reads; the rest is not kept.
    public enum Key {
        public static let taskRunUIDLabel = "tekton.dev/taskRunUID"
        public static let readyAnnotation = "tekton.dev/ready"
    }

    /// UID of the TaskRun it belongs to: from the owner, else from the label (since v0.47).
    public var taskRunUID: String? {
        metadata.ownerReferences.first { $0.kind == "TaskRun" }?.uid ?? metadata.labels[Key.taskRunUIDLabel]
    }

    /// True once the first step was allowed to run (tektoncd/pipeline `pkg/pod/entrypoint.go`).
    public var isReady: Bool { metadata.annotations[Key.readyAnnotation] == "READY" }

    /// `Succeeded` or `Failed`: nothing of it will run any more.
    public var isTerminated: Bool { phase == "Succeeded" || phase == "Failed" }

    /// True once any container has started, init containers and sidecars included.
    public var hasStartedContainer: Bool {
        containerStatuses.values.contains { $0.state?.startedAt != nil }
    }

    /// True once the container of any step has started.
    var hasStartedStep: Bool { steps.contains { state(of: $0.name)?.startedAt != nil } }

    /// When the first step could begin, for want of its own word: after the last init container, else on a node.
    var firstTurn: KubernetesTime? {
        trueInitContainers.compactMap { state(of: $0.name)?.terminated?.finishedAt }.max()
            ?? (scheduled?.status == "True" ? scheduled?.lastTransitionTime : nil) ?? metadata.creationTimestamp
    }

    /// What the system ended the pod for, if it did: `status.reason`, else that of a disruption; one that came only after
    /// the container had ended (a drain finds pods that are over, too) did not end it.
    func reason(ofContainerFinishedAt finished: KubernetesTime?) -> String? {
        if let reason { return reason }
        guard let disruption else { return nil }
        if let finished, let since = disruption.since, finished < since { return nil }
        return disruption.reason
    }

    /// The containers of the steps, in their order.
    public var steps: [Container] { containers.filter { $0.name.hasPrefix(Container.stepPrefix) } }

    /// The init containers that are no sidecars.
    public var trueInitContainers: [Container] { initContainers.filter { !$0.isSidecar } }

    public func state(of container: String) -> ContainerState? { containerStatuses[container]?.state }
}

extension Pod.Container {
    static let stepPrefix = "step-"

    /// `step-build` is the container of step `build` (tektoncd/pipeline `pkg/pod/pod.go`).
    public var stepName: String { String(name.dropFirst(Self.stepPrefix.count)) }

    /// Sidecars are containers called `sidecar-...`; native ones are init containers that are restarted always.
    var isSidecar: Bool { name.hasPrefix("sidecar-") || restartPolicy == "Always" }
}
