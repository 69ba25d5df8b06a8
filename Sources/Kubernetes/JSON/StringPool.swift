/// Keeps strings that come again and again, such as names of images, so that all objects share one copy of each.
///
/// It is a cache of fixed size: a string that finds its place taken replaces what is there. Whoever has the other goes on
/// with his copy.
public final class StringPool {
    private static let places = 1024
    /// Longer ones are not kept.
    private static let maxBytes = 512

    private struct Place {
        let hash: UInt64
        let string: String
    }

    /// None as long as there is no string.
    private var kept: [Place?] = []

    public init() {}

    func find(_ text: [UInt8], _ range: Range<Int>) -> String? {
        guard !kept.isEmpty, Self.isWorthwhile(range) else { return nil }
        let hash = Self.hash(text, range)
        guard let place = kept[Self.index(hash)], place.hash == hash else { return nil }
        let known = place.string.utf8.span
        guard known.count == range.count else { return nil }
        for index in known.indices where known[index] != text[range.lowerBound + index] { return nil }
        return place.string
    }

    func keep(_ string: String, _ text: [UInt8], _ range: Range<Int>) {
        guard Self.isWorthwhile(range) else { return }
        if kept.isEmpty { kept = Array(repeating: nil, count: Self.places) }
        let hash = Self.hash(text, range)
        kept[Self.index(hash)] = Place(hash: hash, string: string)
    }

    /// Up to 15 bytes a string needs no memory of its own.
    private static func isWorthwhile(_ range: Range<Int>) -> Bool { (16...maxBytes).contains(range.count) }

    private static func index(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash >> 54) }

    private static func hash(_ text: [UInt8], _ range: Range<Int>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        let span = text.span
        for index in range { hash = (hash ^ UInt64(span[index])) &* 0x0000_0100_0000_01B3 }
        return hash &* 0x9E37_79B9_7F4A_7C15
    }
}
