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
            case .initContainers: initContainers = try Container.all(reading: &reader)
            case .containers: containers = try Container.all(reading: &reader)
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
            case .conditions: scheduled = try AttemptStatus.Condition.first(ofType: "PodScheduled", reading: &reader)
            case .initContainerStatuses: initStatuses = try ContainerStatus.all(reading: &reader)
            case .containerStatuses: statuses = try ContainerStatus.all(reading: &reader)
            }
        }
        for status in initStatuses + statuses { containerStatuses[status.name] = status }
    }
}

extension Pod.Container {
    private enum Key: String, JSONKey {
        case name, image, restartPolicy
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
            case .image: image = try reader.sharedStringIfPresent()
            case .restartPolicy: restartPolicy = try reader.sharedStringIfPresent()
            }
        }
        guard let name else { throw fields.missing(.name) }
        self.name = name
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
