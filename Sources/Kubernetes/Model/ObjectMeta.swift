/// What of an object's metadata is used. `managedFields`, often half of an object, is never decoded.
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

extension ObjectMeta: Decodable {
    private enum CodingKeys: String, CodingKey {
        case name
        case namespace
        case uid
        case resourceVersion
        case creationTimestamp
        case deletionTimestamp
        case labels
        case annotations
        case ownerReferences
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        namespace = try container.decodeIfPresent(String.self, forKey: .namespace) ?? ""
        uid = try container.decodeIfPresent(String.self, forKey: .uid) ?? ""
        resourceVersion = try container.decodeIfPresent(String.self, forKey: .resourceVersion) ?? ""
        creationTimestamp = try container.decodeIfPresent(KubernetesTime.self, forKey: .creationTimestamp)
        deletionTimestamp = try container.decodeIfPresent(KubernetesTime.self, forKey: .deletionTimestamp)
        ownerReferences = try container.decodeIfPresent([OwnerReference].self, forKey: .ownerReferences) ?? []
        let kept = KeptMetadata.userInfoKey.flatMap { decoder.userInfo[$0] as? KeptMetadata }
        labels = try container.strings(forKey: .labels, keeping: kept?.labels)
        annotations = try container.strings(forKey: .annotations, keeping: kept?.annotations)
    }
}

extension KeyedDecodingContainer {
    /// A string map, reduced to the entries in `names` (all when nil).
    fileprivate func strings(forKey key: Key, keeping names: [String]?) throws -> [String: String] {
        guard let names else {
            return try decodeIfPresent([String: String].self, forKey: key) ?? [:]
        }
        guard !names.isEmpty, contains(key), try !decodeNil(forKey: key) else { return [:] }
        let map = try nestedContainer(keyedBy: MapKey.self, forKey: key)
        var kept: [String: String] = [:]
        for name in names {
            kept[name] = try map.decodeIfPresent(String.self, forKey: MapKey(stringValue: name))
        }
        return kept
    }
}

private struct MapKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) {
        self.stringValue = stringValue
    }

    init?(intValue: Int) {
        nil
    }
}
