/// Lists of strings of which many are alike: each is kept once.
///
/// A cache of fixed size: one that finds its place taken replaces what is there. Whoever has the other goes on with his copy.
struct SharedStrings: Sendable {
    private static let places = 1024
    /// Longer ones are not kept.
    static let longestList = 256

    private var lists: [[String]] = []

    /// A list with the same strings, in memory that others have too.
    mutating func share(_ strings: [String]) -> [String] {
        guard !strings.isEmpty, strings.count <= Self.longestList else { return strings }
        if lists.isEmpty { lists = Array(repeating: [], count: Self.places) }
        var hasher = Hasher()
        for string in strings { hasher.combine(string) }
        let place = Int(UInt(bitPattern: hasher.finalize()) % UInt(Self.places))
        if !Self.areSame(lists[place], strings) { lists[place] = Array(strings[...]) }
        return lists[place]
    }

    /// To the byte: what `==` takes for the same may be in another normal form of Unicode.
    private static func areSame(_ some: [String], _ others: [String]) -> Bool {
        some.count == others.count && zip(some, others).allSatisfy { $0.isEqual(to: $1.utf8) }
    }
}
