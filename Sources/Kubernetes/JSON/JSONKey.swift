/// The keys of an object that are read; an enum of strings. All others are passed over.
///
///     enum Key: String, JSONKey {
///         case name, uid
///         static let table = JSONKeyTable<Self>()
///     }
public protocol JSONKey: RawRepresentable<String>, CaseIterable, Sendable {
    static var table: JSONKeyTable<Self> { get }
}

public struct JSONKeyTable<Key: JSONKey>: Sendable {
    @usableFromInline
    let keys: [Key]
    @usableFromInline
    let names: JSONKeyNames

    public init() {
        keys = Array(Key.allCases)
        names = JSONKeyNames(keys.map(\.rawValue))
    }
}

/// The keys that are looked for, at most 64 of them.
@usableFromInline
struct JSONKeyNames: Sendable {
    /// Tells most keys apart at once: the first eight bytes, or as many as there are.
    private let heads: [UInt64]
    private let bytes: [[UInt8]]

    init(_ names: [String]) {
        precondition(names.count <= 64, "at most 64 keys are told apart")
        bytes = names.map { Array($0.utf8) }
        heads = bytes.map { Self.head(of: $0.span, 0..<$0.count) }
    }

    var isEmpty: Bool { bytes.isEmpty }

    func name(_ index: Int) -> String { String(decoding: bytes[index], as: UTF8.self) }

    func index(of range: Range<Int>, in text: Span<UInt8>) -> Int? {
        let head = Self.head(of: text, range)
        for index in heads.indices where heads[index] == head && isName(index, range, in: text) { return index }
        return nil
    }

    private func isName(_ index: Int, _ range: Range<Int>, in text: Span<UInt8>) -> Bool {
        guard bytes[index].count == range.count else { return false }
        if range.count <= 8 { return true }
        for place in 8..<range.count where bytes[index][place] != text[range.lowerBound + place] { return false }
        return true
    }

    private static func head(of text: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
        var head: UInt64 = 0
        for index in range.prefix(8) { head = head << 8 | UInt64(text[index]) }
        return head
    }
}
