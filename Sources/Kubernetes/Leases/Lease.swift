/// A Lease of `coordination.k8s.io/v1`: says that its holder is alive, for as long as it is renewed.
///
/// What cannot be read of one that others have written is taken as absent.
public struct Lease: Sendable, Equatable {
    static let resource = APIResource(group: "coordination.k8s.io", versions: ["v1"], plural: "leases")

    public var metadata: ObjectMeta
    /// `spec.holderIdentity`
    public var holder: String?
    /// `spec.leaseDurationSeconds`: without a renewal for so long, its holder counts as gone.
    public var durationSeconds: Int?
    public var acquireTime: KubernetesTime?
    /// By the holder's clock. Nobody compares it with theirs; that it changes is what counts.
    public var renewTime: KubernetesTime?

    public init(
        metadata: ObjectMeta,
        holder: String? = nil,
        durationSeconds: Int? = nil,
        acquireTime: KubernetesTime? = nil,
        renewTime: KubernetesTime? = nil
    ) {
        self.metadata = metadata
        self.holder = holder
        self.durationSeconds = durationSeconds
        self.acquireTime = acquireTime
        self.renewTime = renewTime
    }
}

extension Lease: Codable {
    private enum CodingKeys: String, CodingKey {
        case apiVersion
        case kind
        case metadata
        case spec
    }

    private enum MetadataKeys: String, CodingKey {
        case name
        case namespace
        case uid
        case resourceVersion
        case creationTimestamp
        case labels
    }

    private enum SpecKeys: String, CodingKey {
        case holderIdentity
        case leaseDurationSeconds
        case acquireTime
        case renewTime
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let meta = try container.nestedContainer(keyedBy: MetadataKeys.self, forKey: .metadata)
        metadata = ObjectMeta(
            name: try meta.decode(String.self, forKey: .name),
            namespace: (try? meta.decode(String.self, forKey: .namespace)) ?? "",
            uid: (try? meta.decode(String.self, forKey: .uid)) ?? "",
            resourceVersion: (try? meta.decode(String.self, forKey: .resourceVersion)) ?? "",
            creationTimestamp: meta.time(forKey: .creationTimestamp),
            labels: (try? meta.decode([String: String].self, forKey: .labels)) ?? [:]
        )
        guard let spec = try? container.nestedContainer(keyedBy: SpecKeys.self, forKey: .spec) else { return }
        holder = try? spec.decode(String.self, forKey: .holderIdentity)
        durationSeconds = try? spec.decode(Int.self, forKey: .leaseDurationSeconds)
        acquireTime = spec.time(forKey: .acquireTime)
        renewTime = spec.time(forKey: .renewTime)
    }

    /// What its holder writes: of the metadata name, labels, and where they are known UID and resource version.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("coordination.k8s.io/v1", forKey: .apiVersion)
        try container.encode("Lease", forKey: .kind)
        var meta = container.nestedContainer(keyedBy: MetadataKeys.self, forKey: .metadata)
        try meta.encode(metadata.name, forKey: .name)
        try meta.encode(metadata.namespace, forKey: .namespace)
        if !metadata.uid.isEmpty { try meta.encode(metadata.uid, forKey: .uid) }
        if !metadata.resourceVersion.isEmpty { try meta.encode(metadata.resourceVersion, forKey: .resourceVersion) }
        if !metadata.labels.isEmpty { try meta.encode(metadata.labels, forKey: .labels) }
        var spec = container.nestedContainer(keyedBy: SpecKeys.self, forKey: .spec)
        try spec.encodeIfPresent(holder, forKey: .holderIdentity)
        try spec.encodeIfPresent(durationSeconds, forKey: .leaseDurationSeconds)
        try spec.encodeIfPresent(acquireTime?.microTime, forKey: .acquireTime)
        try spec.encodeIfPresent(renewTime?.microTime, forKey: .renewTime)
    }
}

extension KeyedDecodingContainer {
    fileprivate func time(forKey key: Key) -> KubernetesTime? {
        (try? decode(String.self, forKey: key)).flatMap { KubernetesTime($0) }
    }
}

/// A list of Leases. One that cannot be read does not spoil the others.
struct LeaseList: Decodable {
    private struct Item: Decodable {
        let lease: Lease?

        init(from decoder: any Decoder) throws { lease = try? Lease(from: decoder) }
    }

    let leases: [Lease]

    private enum CodingKeys: String, CodingKey {
        case items
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        leases = try container.decodeIfPresent([Item].self, forKey: .items)?.compactMap(\.lease) ?? []
    }
}
