/// An object, or, when it cannot be read, at least which one it is.
struct LenientObject<Resource: KubernetesResource>: Decodable {
    let key: ObjectKey
    let resourceVersion: String
    let object: Resource?
    /// Why there is no object.
    let problem: String?

    init(from decoder: any Decoder) throws {
        do {
            let object = try Resource(from: decoder)
            self.object = object
            key = object.key
            resourceVersion = object.metadata.resourceVersion
            problem = nil
        } catch {
            object = nil
            problem = decodingSummary(error, below: decoder.codingPath.count)
            let identity = try? ObjectIdentity(from: decoder)
            key = ObjectKey(
                namespace: identity?.metadata.namespace ?? "",
                name: identity?.metadata.name ?? "",
                uid: identity?.metadata.uid ?? ""
            )
            resourceVersion = identity?.metadata.resourceVersion ?? ""
        }
    }
}

/// The least that can be read of an object, and all there is in a bookmark.
struct ObjectIdentity: Decodable {
    struct Metadata: Decodable {
        var name: String?
        var namespace: String?
        var uid: String?
        var resourceVersion: String?
    }

    let metadata: Metadata
}
