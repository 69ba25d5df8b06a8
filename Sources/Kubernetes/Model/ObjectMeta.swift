/// What of an object's metadata is used. `managedFields`, often half of an object, is passed over.
public struct ObjectMeta: Sendable, Hashable {
    public var name: String
    /// Empty for objects outside of namespaces.
    public var namespace: String
    public var uid: String
    /// Opaque: may only be handed back, neither compared nor read as a number.
    public var resourceVersion: String
    public var creationTimestamp: KubernetesTime?
    public var deletionTimestamp: KubernetesTime?
    /// Those in `KubernetesResource.keptMetadata`.
    public var labels: [String: String]
    /// Those in `KubernetesResource.keptMetadata`.
    public var annotations: [String: String]
    public var ownerReferences: [OwnerReference]

    public init(
        name: String,
        namespace: String = "",
        uid: String = "",
        resourceVersion: String = "",
        creationTimestamp: KubernetesTime? = nil,
        deletionTimestamp: KubernetesTime? = nil,
        labels: [String: String] = [:],
        annotations: [String: String] = [:],
        ownerReferences: [OwnerReference] = []
    ) {
        self.name = name
        self.namespace = namespace
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.creationTimestamp = creationTimestamp
        self.deletionTimestamp = deletionTimestamp
        self.labels = labels
        self.annotations = annotations
        self.ownerReferences = ownerReferences
    }

    public var key: ObjectKey {
        ObjectKey(namespace: namespace, name: name, uid: uid)
    }
}

extension ObjectMeta {
    private enum Key: String, JSONKey {
        case name, namespace, uid, resourceVersion, creationTimestamp, deletionTimestamp, labels, annotations
        case ownerReferences
        static let table = JSONKeyTable<Self>()
    }

    public init(reading reader: inout JSONReader, keeping kept: KeptMetadata) throws(JSONReadError) {
        var name: String?
        self.init(name: "")
        var fields = try reader.fields(Key.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .name: name = try reader.string()
            case .namespace: namespace = try reader.sharedStringIfPresent() ?? ""
            case .uid: uid = try reader.stringIfPresent() ?? ""
            case .resourceVersion: resourceVersion = try reader.stringIfPresent() ?? ""
            case .creationTimestamp: creationTimestamp = try reader.timeIfPresent()
            case .deletionTimestamp: deletionTimestamp = try reader.timeIfPresent()
            case .labels: labels = try reader.strings(keeping: kept.labels)
            case .annotations: annotations = try reader.strings(keeping: kept.annotations)
            case .ownerReferences:
                var elements = try reader.elementsIfPresent()
                while try elements.next(in: &reader) { ownerReferences.append(try OwnerReference(reading: &reader)) }
            }
        }
        guard let name else { throw fields.missing(.name) }
        self.name = name
    }
}

extension JSONReader {
    /// A map of strings, reduced to the entries in `names`. Null counts as an empty one.
    fileprivate mutating func strings(keeping names: JSONKeyNames) throws(JSONReadError) -> [String: String] {
        if names.isEmpty {
            try skipValue()
            return [:]
        }
        var kept: [String: String] = [:]
        var entries = try entriesIfPresent()
        while let index = try nextField(names, &entries) {
            kept[names.name(index)] = try sharedStringIfPresent()
        }
        return kept
    }
}
