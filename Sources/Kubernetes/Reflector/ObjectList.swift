/// A page of a list. Objects that cannot be read do not spoil the others.
struct ObjectList<Resource: KubernetesResource>: Decodable {
    struct Metadata: Decodable {
        var resourceVersion: String?
        var `continue`: String?
    }

    let metadata: Metadata
    let items: [LenientObject<Resource>]

    private enum CodingKeys: String, CodingKey {
        case metadata
        case items
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        metadata = try container.decode(Metadata.self, forKey: .metadata)
        // Null is an empty list. Without the key it is no list (but a Table, say), not an empty one.
        items = try container.decode([LenientObject<Resource>]?.self, forKey: .items) ?? []
    }

    var page: ReflectorStateMachine.Page {
        ReflectorStateMachine.Page(
            keys: items.map(\.key),
            resourceVersion: metadata.resourceVersion ?? "",
            continueToken: metadata.continue ?? ""
        )
    }
}
