import FoundationEssentials

/// A page of a list. Objects that cannot be read do not spoil the others.
struct ObjectList<Resource: KubernetesResource> {
    struct Metadata: Decodable {
        var resourceVersion: String?
        var `continue`: String?
    }

    let metadata: Metadata
    let items: [LenientObject<Resource>]

    /// - Throws: when the text is no list; without items it is none (but a Table, say), not an empty one.
    init(_ text: [UInt8], _ decoder: JSONDecoder) throws {
        let parts = try ListSplitter(text)
        guard let metadata = parts.metadata else { throw ListSplitter.Problem.missing("metadata") }
        guard let items = parts.items else { throw ListSplitter.Problem.missing("items") }
        self.metadata = try decoder.decode(Metadata.self, from: Data(text[metadata]))
        self.items = try items.map { try decoder.decode(LenientObject<Resource>.self, from: Data(text[$0])) }
    }

    var page: ReflectorStateMachine.Page {
        ReflectorStateMachine.Page(
            keys: items.map(\.key),
            resourceVersion: metadata.resourceVersion ?? "",
            continueToken: metadata.continue ?? ""
        )
    }
}
