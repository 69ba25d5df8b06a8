/// A kind of objects that can be listed and watched. Only the fields that are used are read.
public protocol KubernetesResource: Sendable {
    static var resource: APIResource { get }
    /// The labels and annotations that are used; the others are not kept. Default: none.
    static var keptMetadata: KeptMetadata { get }

    /// False where nobody needs to know of deletions that no watch told of. Default: true.
    static var deletionsMatter: Bool { get }

    var metadata: ObjectMeta { get }

    /// Reads one object.
    init(reading reader: inout JSONReader) throws(JSONReadError)
}

extension KubernetesResource {
    public static var keptMetadata: KeptMetadata { KeptMetadata() }

    public static var deletionsMatter: Bool { true }

    public var key: ObjectKey { metadata.key }

    /// Reads a JSON text that is one object.
    ///
    /// - Throws: what is wrong, and in which field.
    public init(json text: [UInt8]) throws(KubernetesError) {
        var reader = JSONReader(text)
        do {
            try self.init(reading: &reader)
            try reader.end()
        } catch {
            throw KubernetesError(.decoding, JSONReader(text).summary(of: error, from: 0))
        }
    }
}
