public import Kubernetes

/// What a TaskRun's status says of one attempt: the status itself for the current one, an entry of `retriesStatus` for
/// those before.
public struct AttemptStatus: Sendable, Equatable {
    /// The pod of this attempt; nil as long as there is none.
    public var podName: String?
    public var startTime: KubernetesTime?
    public var completionTime: KubernetesTime?
    /// The condition `Succeeded`.
    public var condition: Condition?
    public var steps: [Step]

    public init(
        podName: String? = nil,
        startTime: KubernetesTime? = nil,
        completionTime: KubernetesTime? = nil,
        condition: Condition? = nil,
        steps: [Step] = []
    ) {
        self.podName = podName
        self.startTime = startTime
        self.completionTime = completionTime
        self.condition = condition
        self.steps = steps
    }

    /// A condition of an object (knative `pkg/apis/condition_types.go`).
    public struct Condition: Sendable, Equatable, Decodable {
        public var type: String
        /// `True`, `False` or `Unknown`.
        public var status: String
        public var reason: String?
        public var message: String?
        public var lastTransitionTime: KubernetesTime?

        public init(
            type: String,
            status: String,
            reason: String? = nil,
            message: String? = nil,
            lastTransitionTime: KubernetesTime? = nil
        ) {
            self.type = type
            self.status = status
            self.reason = reason
            self.message = message
            self.lastTransitionTime = lastTransitionTime
        }
    }

    /// What the controller wrote of a step. Used only where the pod is gone: on timeout and cancel the controller writes
    /// the same of a step that was interrupted and of one that never began.
    public struct Step: Sendable, Equatable, Decodable {
        public var name: String
        public var container: String?
        public var terminated: ContainerState.Terminated?
        public var terminationReason: String?

        public init(
            name: String,
            container: String? = nil,
            terminated: ContainerState.Terminated? = nil,
            terminationReason: String? = nil
        ) {
            self.name = name
            self.container = container
            self.terminated = terminated
            self.terminationReason = terminationReason
        }
    }

    /// True once the attempt has succeeded or failed for good (knative's `IsDone`).
    public var isDone: Bool {
        condition.map { $0.status == "True" || $0.status == "False" } ?? false
    }

    /// True once the controller has seen the pod's container statuses (tektoncd/pipeline `pkg/pod/status.go`).
    var knowsContainers: Bool { steps.contains { $0.container != nil } }

    /// When it was over, in whole seconds.
    public var completion: KubernetesTime? {
        completionTime ?? (isDone ? condition?.lastTransitionTime : nil)
    }
}

extension AttemptStatus: Decodable {
    private enum CodingKeys: String, CodingKey {
        case podName, startTime, completionTime, conditions, steps
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        podName = try container.decodeIfPresent(String.self, forKey: .podName).nonEmpty
        startTime = try container.decodeIfPresent(KubernetesTime.self, forKey: .startTime)
        completionTime = try container.decodeIfPresent(KubernetesTime.self, forKey: .completionTime)
        condition = try container.decodeIfPresent([Condition].self, forKey: .conditions)?
            .first { $0.type == "Succeeded" }
        steps = try container.decodeIfPresent([Step].self, forKey: .steps) ?? []
    }
}
