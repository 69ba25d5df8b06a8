public import Kubernetes

/// The state of a container (Kubernetes core/v1 `ContainerState`), of which at most one part is set.
public struct ContainerState: Sendable, Equatable {
    public var waitingReason: String?
    public var running: KubernetesTime?
    public var terminated: Terminated?

    public init(waitingReason: String? = nil, running: KubernetesTime? = nil, terminated: Terminated? = nil) {
        self.waitingReason = waitingReason
        self.running = running
        self.terminated = terminated
    }

    public struct Terminated: Sendable, Equatable {
        public var exitCode: Int
        public var reason: String?
        /// When the container (not the step) started; nil for a container that never did.
        public var startedAt: KubernetesTime?
        /// Whole seconds, floored.
        public var finishedAt: KubernetesTime?
        public var containerID: String?
        /// What Tekton's entrypoint left in the message for the controller.
        public var message: TerminationMessage?

        public init(
            exitCode: Int,
            reason: String? = nil,
            startedAt: KubernetesTime? = nil,
            finishedAt: KubernetesTime? = nil,
            containerID: String? = nil,
            message: TerminationMessage? = nil
        ) {
            self.exitCode = exitCode
            self.reason = reason
            self.startedAt = startedAt
            self.finishedAt = finishedAt
            self.containerID = containerID
            self.message = message
        }
    }

    /// When the container started, as far as it has.
    public var startedAt: KubernetesTime? { running ?? terminated?.startedAt }
}

extension ContainerState: Decodable {
    private enum CodingKeys: String, CodingKey {
        case waiting, running, terminated
    }

    private struct Waiting: Decodable {
        let reason: String?
    }

    private struct Running: Decodable {
        let startedAt: KubernetesTime?
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        waitingReason = try container.decodeIfPresent(Waiting.self, forKey: .waiting)?.reason
        running = try container.decodeIfPresent(Running.self, forKey: .running)?.startedAt
        terminated = try container.decodeIfPresent(Terminated.self, forKey: .terminated)
    }
}

extension ContainerState.Terminated: Decodable {
    private enum CodingKeys: String, CodingKey {
        case exitCode, reason, startedAt, finishedAt, containerID, message
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        exitCode = try container.decodeIfPresent(Int.self, forKey: .exitCode) ?? 0
        reason = try container.decodeIfPresent(String.self, forKey: .reason).nonEmpty
        // A container that could not be started is written with the zero time or 1970.
        startedAt = try container.decodeIfPresent(KubernetesTime.self, forKey: .startedAt).nonZero
        finishedAt = try container.decodeIfPresent(KubernetesTime.self, forKey: .finishedAt).nonZero
        containerID = try container.decodeIfPresent(String.self, forKey: .containerID).nonEmpty
        message = try container.decodeIfPresent(String.self, forKey: .message).flatMap(
            TerminationMessage.init(parsing:)
        )
    }
}

extension KubernetesTime? {
    var nonZero: KubernetesTime? {
        switch self {
        case .some(let time) where time.unixNanoseconds > 0: time
        default: nil
        }
    }
}
