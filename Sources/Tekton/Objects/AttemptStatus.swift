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
    public struct Condition: Sendable, Equatable {
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
    public struct Step: Sendable, Equatable {
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

extension AttemptStatus {
    enum Key: String, JSONKey {
        case podName, startTime, completionTime, conditions, steps
        static let table = JSONKeyTable<Self>()
    }

    init(reading reader: inout JSONReader) throws(JSONReadError) {
        self.init()
        var fields = try reader.fields(Key.self)
        while let key = try fields.next(in: &reader) { try read(key, from: &reader) }
    }

    /// Reads the value of one field.
    mutating func read(_ key: Key, from reader: inout JSONReader) throws(JSONReadError) {
        switch key {
        case .podName: podName = try reader.stringIfPresent().nonEmpty
        case .startTime: startTime = try reader.timeIfPresent()
        case .completionTime: completionTime = try reader.timeIfPresent()
        case .conditions: condition = try Condition.first(ofType: "Succeeded", reading: &reader)
        case .steps:
            var elements = try reader.elementsIfPresent()
            while try elements.next(in: &reader) { steps.append(try Step(reading: &reader)) }
        }
    }
}

extension AttemptStatus.Condition {
    private enum Key: String, JSONKey {
        case type, status, reason, message, lastTransitionTime
        static let table = JSONKeyTable<Self>()
    }

    /// Reads an array of conditions, of which there is one of each type.
    static func first(ofType type: String, reading reader: inout JSONReader) throws(JSONReadError) -> Self? {
        var found: Self?
        try each(reading: &reader) { condition in
            if found == nil, condition.type == type { found = condition }
        }
        return found
    }

    /// Reads an array of conditions.
    static func each(reading reader: inout JSONReader, _ take: (Self) -> Void) throws(JSONReadError) {
        var elements = try reader.elementsIfPresent()
        while try elements.next(in: &reader) { take(try Self(reading: &reader)) }
    }

    private init(reading reader: inout JSONReader) throws(JSONReadError) {
        var type: String?
        var status: String?
        self.init(type: "", status: "")
        var fields = try reader.fields(Key.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .type: type = try reader.sharedString()
            case .status: status = try reader.sharedString()
            case .reason: reason = try reader.sharedStringIfPresent()
            case .message: message = try reader.sharedStringIfPresent()
            case .lastTransitionTime: lastTransitionTime = try reader.timeIfPresent()
            }
        }
        guard let type else { throw fields.missing(.type) }
        guard let status else { throw fields.missing(.status) }
        (self.type, self.status) = (type, status)
    }
}

extension AttemptStatus.Step {
    private enum Key: String, JSONKey {
        case name, container, terminated, terminationReason
        static let table = JSONKeyTable<Self>()
    }

    fileprivate init(reading reader: inout JSONReader) throws(JSONReadError) {
        var name: String?
        self.init(name: "")
        var fields = try reader.fields(Key.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .name: name = try reader.sharedString()
            case .container: container = try reader.sharedStringIfPresent()
            case .terminated:
                terminated = try reader.isNull() ? nil : try ContainerState.Terminated(reading: &reader)
            case .terminationReason: terminationReason = try reader.sharedStringIfPresent()
            }
        }
        guard let name else { throw fields.missing(.name) }
        self.name = name
    }
}
