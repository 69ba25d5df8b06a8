import FoundationEssentials

/// A line of a watch.
enum WatchEvent<Resource: KubernetesResource> {
    case change(ReflectorStateMachine.Change, LenientObject<Resource>)
    case bookmark(Bookmark)
    case error(KubernetesStatus)
    /// Of a later API version, perhaps.
    case unknown(type: String)

    /// - Throws: when the line is no event.
    init(_ line: [UInt8], strings: StringPool) throws {
        var reader = JSONReader(line, strings: strings)
        var fields = try reader.fields(EventKey.self)
        var type: String?
        var object: (start: Int, end: Int)?
        var changed: LenientObject<Resource>?
        while let key = try fields.next(in: &reader) {
            switch key {
            case .type: type = try reader.string()
            case .object:
                let start = try reader.position()
                // A server writes the type first. Where it does not, the object is gone over twice.
                if type.flatMap(ReflectorStateMachine.Change.init) != nil {
                    changed = try LenientObject(reading: &reader)
                } else {
                    try reader.skipValue()
                }
                object = (start, reader.offset)
            }
        }
        try reader.end()
        guard let type else { throw fields.missing(.type) }
        let change = ReflectorStateMachine.Change(rawValue: type)
        guard change != nil || type == "BOOKMARK" || type == "ERROR" else {
            self = .unknown(type: type)
            return
        }
        guard let object else { throw fields.missing(.object) }
        if let change {
            var again = JSONReader(line, strings: strings).rewound(to: object.start)
            self = .change(change, try changed ?? LenientObject(reading: &again))
            return
        }
        // These are rare, and short.
        let text = Data(line[object.start..<object.end])
        if type == "BOOKMARK" {
            self = .bookmark(try JSONDecoder().decode(Bookmark.self, from: text))
        } else {
            self = .error(try JSONDecoder().decode(KubernetesStatus.self, from: text))
        }
    }
}

private enum EventKey: String, JSONKey {
    case type, object
    static let table = JSONKeyTable<Self>()
}
