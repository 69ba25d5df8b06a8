public import Kubernetes

extension Pod {
    private enum RootKey: String, JSONKey {
        case metadata, spec, status
        static let table = JSONKeyTable<Self>()
    }

    private enum SpecKey: String, JSONKey {
        case nodeName, initContainers, containers
        static let table = JSONKeyTable<Self>()
    }

    private enum StatusKey: String, JSONKey {
        case phase, reason, conditions, initContainerStatuses, containerStatuses
        static let table = JSONKeyTable<Self>()
    }

    public init(reading reader: inout JSONReader) throws(JSONReadError) {
        var metadata: ObjectMeta?
        self.init(metadata: ObjectMeta(name: ""))
        var fields = try reader.fields(RootKey.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .metadata: metadata = try ObjectMeta(reading: &reader, keeping: Self.keptMetadata)
            case .spec: try readSpec(&reader)
            case .status: try readStatus(&reader)
            }
        }
        guard let metadata else { throw fields.missing(.metadata) }
        self.metadata = metadata
    }

    private mutating func readSpec(_ reader: inout JSONReader) throws(JSONReadError) {
        var fields = try reader.fieldsIfPresent(SpecKey.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .nodeName: nodeName = try reader.sharedStringIfPresent().nonEmpty
            case .initContainers: initContainers = try Container.all(reading: &reader).map(\.container)
            case .containers:
                let all = try Container.all(reading: &reader)
                containers = all.map(\.container)
                // Before anything else stands what the step waits for (tektoncd/pipeline `pkg/pod/entrypoint.go`).
                let first = all.first { $0.container.name.hasPrefix(Container.stepPrefix) }
                awaitsReady = first?.firstArgument != "-post_file"
            }
        }
    }

    private mutating func readStatus(_ reader: inout JSONReader) throws(JSONReadError) {
        var initStatuses: [ContainerStatus] = []
        var statuses: [ContainerStatus] = []
        var fields = try reader.fieldsIfPresent(StatusKey.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .phase: phase = try reader.sharedStringIfPresent()
            case .reason: reason = try reader.sharedStringIfPresent().nonEmpty
            case .conditions:
                try AttemptStatus.Condition.each(reading: &reader) { condition in
                    switch condition.type {
                    case "PodScheduled" where scheduled == nil: scheduled = condition
                    case "DisruptionTarget" where disruption == nil: disruption = Disruption(condition)
                    default: break
                    }
                }
            case .initContainerStatuses: initStatuses = try ContainerStatus.all(reading: &reader)
            case .containerStatuses: statuses = try ContainerStatus.all(reading: &reader)
            }
        }
        for status in initStatuses + statuses { containerStatuses[status.name] = status }
    }
}

extension Pod.Disruption {
    fileprivate init?(_ condition: AttemptStatus.Condition) {
        guard condition.status == "True", let reason = condition.reason.nonEmpty else { return nil }
        self.init(reason: reason, since: condition.lastTransitionTime)
    }
}

extension Pod.Container {
    private enum Key: String, JSONKey {
        case name, image, args, restartPolicy
        static let table = JSONKeyTable<Self>()
    }

    fileprivate static func all(
        reading reader: inout JSONReader
    ) throws(JSONReadError) -> [(container: Self, firstArgument: String?)] {
        var all: [(container: Self, firstArgument: String?)] = []
        var elements = try reader.elementsIfPresent()
        while try elements.next(in: &reader) {
            var firstArgument: String?
            let container = try Self(reading: &reader, firstArgument: &firstArgument)
            all.append((container, firstArgument))
        }
        return all
    }

    private init(reading reader: inout JSONReader, firstArgument: inout String?) throws(JSONReadError) {
        var name: String?
        self.init(name: "")
        var fields = try reader.fields(Key.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .name: name = try reader.sharedString()
            case .image: image = try reader.sharedStringIfPresent()
            case .args: firstArgument = try Self.first(reading: &reader)
            case .restartPolicy: restartPolicy = try reader.sharedStringIfPresent()
            }
        }
        guard let name else { throw fields.missing(.name) }
        self.name = name
    }

    /// The first of an array of strings; the others may be whole scripts.
    private static func first(reading reader: inout JSONReader) throws(JSONReadError) -> String? {
        var elements = try reader.elementsIfPresent()
        guard try elements.next(in: &reader) else { return nil }
        let first = try reader.stringOrOther()
        while try elements.next(in: &reader) { try reader.skipValue() }
        return first
    }
}

extension Pod.ContainerStatus {
    private enum Key: String, JSONKey {
        case name, state, imageID, containerID
        static let table = JSONKeyTable<Self>()
    }

    fileprivate static func all(reading reader: inout JSONReader) throws(JSONReadError) -> [Self] {
        var all: [Self] = []
        var elements = try reader.elementsIfPresent()
        while try elements.next(in: &reader) { all.append(try Self(reading: &reader)) }
        return all
    }

    private init(reading reader: inout JSONReader) throws(JSONReadError) {
        var name: String?
        self.init(name: "")
        var fields = try reader.fields(Key.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .name: name = try reader.sharedString()
            case .state: state = try reader.isNull() ? nil : try ContainerState(reading: &reader)
            case .imageID: imageID = try reader.sharedStringIfPresent()
            case .containerID: containerID = try reader.stringIfPresent()
            }
        }
        guard let name else { throw fields.missing(.name) }
        self.name = name
    }
}
