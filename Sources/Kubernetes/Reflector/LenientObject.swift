/// An object, or, when it cannot be read, at least which one it is.
struct LenientObject<Resource: KubernetesResource> {
    let key: ObjectKey
    let resourceVersion: String
    let object: Resource?
    /// Why there is no object.
    let problem: String?

    /// - Throws: when the text is malformed, and for nothing else.
    init(reading reader: inout JSONReader) throws(JSONReadError) {
        let start = try reader.position()
        let before = reader
        do {
            let object = try Resource(reading: &reader)
            self.object = object
            key = object.key
            resourceVersion = object.metadata.resourceVersion
            problem = nil
        } catch {
            reader = before
            // Throws where the text is malformed.
            try reader.skipValue()
            object = nil
            problem = before.summary(of: error, from: start)
            var again = before
            let identity = try? ObjectIdentity(reading: &again)
            key = ObjectKey(
                namespace: identity?.namespace ?? "",
                name: identity?.name ?? "",
                uid: identity?.uid ?? ""
            )
            resourceVersion = identity?.resourceVersion ?? ""
        }
    }
}

/// The least that can be read of an object, and all there is in a bookmark.
struct ObjectIdentity {
    private(set) var name: String?
    private(set) var namespace: String?
    private(set) var uid: String?
    private(set) var resourceVersion: String?

    private enum Key: String, JSONKey {
        case metadata
        static let table = JSONKeyTable<Self>()
    }

    private enum MetadataKey: String, JSONKey {
        case name, namespace, uid, resourceVersion
        static let table = JSONKeyTable<Self>()
    }

    init(reading reader: inout JSONReader) throws(JSONReadError) {
        var hasMetadata = false
        var fields = try reader.fields(Key.self)
        while try fields.next(in: &reader) != nil {
            hasMetadata = true
            var metadata = try reader.fields(MetadataKey.self)
            while let key = try metadata.next(in: &reader) {
                switch key {
                case .name: name = try reader.stringIfPresent()
                case .namespace: namespace = try reader.stringIfPresent()
                case .uid: uid = try reader.stringIfPresent()
                case .resourceVersion: resourceVersion = try reader.stringIfPresent()
                }
            }
        }
        guard hasMetadata else { throw fields.missing(.metadata) }
    }
}
