/// A kind of objects that can be listed and watched. Types decode only the fields that are used.
public protocol KubernetesResource: Decodable, Sendable {
    static var resource: APIResource { get }
    /// The labels and annotations that are used; the others are not kept. Default: none.
    static var keptMetadata: KeptMetadata { get }

    var metadata: ObjectMeta { get }
}

extension KubernetesResource {
    public static var keptMetadata: KeptMetadata { KeptMetadata() }

    public var key: ObjectKey { metadata.key }
}
