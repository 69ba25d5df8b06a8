public import Kubernetes

/// The state of a container (Kubernetes core/v1 `ContainerState`), of which at most one part is set.
public struct ContainerState: Sendable, Equatable {
    public var waitingReason: String?
    /// Why its configuration cannot be made (`CreateContainerConfigError`), cut; nil for other reasons to wait.
    public var waitingMessage: String?
    public var running: KubernetesTime?
    public var terminated: Terminated?

    public init(
        waitingReason: String? = nil,
        waitingMessage: String? = nil,
        running: KubernetesTime? = nil,
        terminated: Terminated? = nil
    ) {
        self.waitingReason = waitingReason
        self.waitingMessage = waitingMessage
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
        /// What the container runtime said of one that could not be started, cut; nil for all others.
        public var startFailure: String?

        public init(
            exitCode: Int,
            reason: String? = nil,
            startedAt: KubernetesTime? = nil,
            finishedAt: KubernetesTime? = nil,
            containerID: String? = nil,
            message: TerminationMessage? = nil,
            startFailure: String? = nil
        ) {
            self.exitCode = exitCode
            self.reason = reason
            self.startedAt = startedAt
            self.finishedAt = finishedAt
            self.containerID = containerID
            self.message = message
            self.startFailure = startFailure
        }

        /// The container runtime could not start it. (The kubelet writes 1970 for its start.)
        public var couldNotStart: Bool {
            startedAt == nil && (reason == "StartError" || reason == "ContainerCannotRun")
        }
    }

    /// The reason to wait of a container for which a Secret, a ConfigMap or the like is missing; and of a TaskRun that failed
    /// for it.
    static let configError = "CreateContainerConfigError"

    /// It waits for what is missing, and Tekton does not.
    var hasConfigError: Bool { waitingReason == Self.configError }

    /// When the container started, as far as it has.
    public var startedAt: KubernetesTime? { running ?? terminated?.startedAt }
}

extension ContainerState {
    private enum Key: String, JSONKey {
        case waiting, running, terminated
        static let table = JSONKeyTable<Self>()
    }

    private enum WaitingKey: String, JSONKey {
        case reason, message
        static let table = JSONKeyTable<Self>()
    }

    private enum RunningKey: String, JSONKey {
        case startedAt
        static let table = JSONKeyTable<Self>()
    }

    init(reading reader: inout JSONReader) throws(JSONReadError) {
        self.init()
        var fields = try reader.fields(Key.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .waiting:
                var message: String?
                var waiting = try reader.fieldsIfPresent(WaitingKey.self)
                while let key = try waiting.next(in: &reader) {
                    switch key {
                    case .reason: waitingReason = try reader.sharedStringIfPresent()
                    case .message: message = try reader.stringIfPresent()
                    }
                }
                waitingMessage = hasConfigError ? message.nonEmpty?.cutAsDescription : nil
            case .running:
                var running = try reader.fieldsIfPresent(RunningKey.self)
                while try running.next(in: &reader) != nil { self.running = try reader.timeIfPresent() }
            case .terminated: terminated = try reader.isNull() ? nil : try Terminated(reading: &reader)
            }
        }
    }
}

extension ContainerState.Terminated {
    private enum Key: String, JSONKey {
        case exitCode, reason, startedAt, finishedAt, containerID, message
        static let table = JSONKeyTable<Self>()
    }

    init(reading reader: inout JSONReader) throws(JSONReadError) {
        self.init(exitCode: 0)
        var text: String?
        var fields = try reader.fields(Key.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .exitCode: exitCode = try reader.integerIfPresent() ?? 0
            case .reason: reason = try reader.sharedStringIfPresent().nonEmpty
            // A container that could not be started is written with the zero time or 1970.
            case .startedAt: startedAt = try reader.timeIfPresent().nonZero
            case .finishedAt: finishedAt = try reader.timeIfPresent().nonZero
            case .containerID: containerID = try reader.stringIfPresent().nonEmpty
            case .message: text = try reader.stringIfPresent()
            }
        }
        message = text.flatMap(TerminationMessage.init(parsing:))
        startFailure = couldNotStart && message == nil ? text.nonEmpty?.cutAsDescription : nil
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
