/// A page of a list. Objects that cannot be read do not spoil the others.
struct ObjectList<Resource: KubernetesResource> {
    private(set) var resourceVersion = ""
    private(set) var continueToken = ""
    private(set) var items: [LenientObject<Resource>] = []

    /// - Throws: when the text is no list; without items it is none (but a Table, say), not an empty one.
    init(_ text: [UInt8], strings: StringPool) throws(JSONReadError) {
        var reader = JSONReader(text, strings: strings)
        var fields = try reader.fields(ListKey.self)
        var found: Set<ListKey> = []
        while let key = try fields.next(in: &reader) {
            found.insert(key)
            switch key {
            case .metadata: try readMetadata(&reader)
            case .items:
                var elements = try reader.elementsIfPresent()
                while try elements.next(in: &reader) { items.append(try LenientObject(reading: &reader)) }
            }
        }
        try reader.end()
        for key in ListKey.allCases where !found.contains(key) { throw fields.missing(key) }
    }

    private mutating func readMetadata(_ reader: inout JSONReader) throws(JSONReadError) {
        var fields = try reader.fields(ListMetadataKey.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .resourceVersion: resourceVersion = try reader.stringIfPresent() ?? ""
            case .continue: continueToken = try reader.stringIfPresent() ?? ""
            }
        }
    }

    var page: ReflectorStateMachine.Page {
        ReflectorStateMachine.Page(
            keys: items.map(\.key),
            resourceVersion: resourceVersion,
            continueToken: continueToken
        )
    }
}

private enum ListKey: String, JSONKey {
    case metadata, items
    static let table = JSONKeyTable<Self>()
}

private enum ListMetadataKey: String, JSONKey {
    case resourceVersion
    case `continue`
    static let table = JSONKeyTable<Self>()
}
