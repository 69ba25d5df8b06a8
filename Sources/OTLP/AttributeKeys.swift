/// The names under which one attribute is looked for, preferred first.
struct AttributeKeys: Sendable {
    private let keys: [[UInt8]]
    /// Bit n is set when some key has n bytes (bit 63: 63 or more). Most attributes of a span are none that is
    /// looked for, and their length tells.
    private let lengths: UInt64

    init(_ keys: [String]) {
        self.keys = keys.map { Array($0.utf8) }
        lengths = self.keys.reduce(0) { $0 | Self.bit($1.count) }
    }

    /// Takes a span's or resource's attribute into account, when its key is one of these.
    @inline(__always)
    func consider(_ attribute: ScannedAttribute, in reader: WireReader, for found: inout FoundAttribute) {
        guard lengths & Self.bit(attribute.key.count) != 0 else { return }
        look(at: attribute, in: reader, for: &found)
    }

    @inline(never)
    private func look(at attribute: ScannedAttribute, in reader: WireReader, for found: inout FoundAttribute) {
        guard let value = attribute.string, !value.isEmpty else { return }
        for rank in 0..<min(keys.count, found.rank) where reader.equals(attribute.key, keys[rank]) {
            found = FoundAttribute(value: value, rank: rank)
            return
        }
    }

    @inline(__always)
    private static func bit(_ length: Int) -> UInt64 {
        1 << UInt64(min(length, 63))
    }
}

/// A KeyValue: the range of its key and, when its value is a string, of that.
struct ScannedAttribute {
    var key: Range<Int> = 0..<0
    var string: Range<Int>?
}

/// The best value seen so far: that of the most preferred key, and among equal keys the first.
struct FoundAttribute {
    var value: Range<Int>?
    /// The place of its key in the order of preference.
    var rank = Int.max
}
