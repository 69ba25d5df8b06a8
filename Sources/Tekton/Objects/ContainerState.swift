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

extension ContainerState {
    private enum Key: String, JSONKey {
        case waiting, running, terminated
        static let table = JSONKeyTable<Self>()
    }

    private enum WaitingKey: String, JSONKey {
        case reason
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
                var waiting = try reader.fieldsIfPresent(WaitingKey.self)
                while try waiting.next(in: &reader) != nil { waitingReason = try reader.sharedStringIfPresent() }
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
        var fields = try reader.fields(Key.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .exitCode: exitCode = try reader.integerIfPresent() ?? 0
            case .reason: reason = try reader.sharedStringIfPresent().nonEmpty
            // A container that could not be started is written with the zero time or 1970.
            case .startedAt: startedAt = try reader.timeIfPresent().nonZero
            case .finishedAt: finishedAt = try reader.timeIfPresent().nonZero
            case .containerID: containerID = try reader.stringIfPresent().nonEmpty
            case .message: message = try reader.stringIfPresent().flatMap(TerminationMessage.init(parsing:))
            }
        }
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
