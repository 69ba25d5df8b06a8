/// A page of a list. Objects that cannot be read do not spoil the others.
struct ObjectList<Resource: KubernetesResource>: Decodable {
    struct Metadata: Decodable {
        var resourceVersion: String?
        var `continue`: String?
    }

    let metadata: Metadata
    /// Null for an empty list of some servers.
    let items: [LenientObject<Resource>]?

    var page: ReflectorStateMachine.Page {
        ReflectorStateMachine.Page(
            keys: (items ?? []).map(\.key),
            resourceVersion: metadata.resourceVersion ?? "",
            continueToken: metadata.continue ?? ""
        )
    }
}
