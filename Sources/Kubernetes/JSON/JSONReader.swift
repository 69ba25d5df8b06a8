/// Reads a JSON text (RFC 8259) from front to back. What nobody asks for is passed over without anything being made of it:
/// most of a Kubernetes object is never used.
///
/// What is passed over is only checked as far as is needed to find its end. Of several fields with one key the first
/// counts. Nothing in a text can do harm: each read is within bounds, and what is read nests as deep as `maxDepth` at the
/// most; what is passed over may nest as it likes.
public struct JSONReader {
    /// How deep the objects and arrays that are gone into may nest.
    public static let maxDepth = 512

    let text: [UInt8]
    /// Where strings that come again and again are kept.
    let strings: StringPool
    private(set) var offset = 0
    private var depth = 0

    public init(_ text: [UInt8], strings: StringPool = StringPool()) {
        self.text = text
        self.strings = strings
    }

    /// Where the next value begins.
    public mutating func position() throws(JSONReadError) -> Int {
        _ = try peek()
        return offset
    }

    /// A reader of the same text that goes on from there, which was a `position` of this one and at the same depth.
    func rewound(to position: Int) -> JSONReader {
        var reader = self
        reader.offset = position
        return reader
    }

    /// Nothing but white space may follow.
    public mutating func end() throws(JSONReadError) {
        offset = JSONScan.space(text.span, at: offset)
        guard offset == text.count else { throw .malformed(offset: offset) }
    }

    func unexpected(_ reason: String) -> JSONReadError { .unexpected(offset: offset, reason: reason) }

    // MARK: - Objects and arrays

    /// Goes into an object.
    public mutating func fields<Key: JSONKey>(_ type: Key.Type) throws(JSONReadError) -> JSONFields<Key> {
        JSONFields(cursor: try cursor(into: UInt8(ascii: "{"), "is not an object"))
    }

    /// Goes into an object; null counts as one without fields.
    public mutating func fieldsIfPresent<Key: JSONKey>(_ type: Key.Type) throws(JSONReadError) -> JSONFields<Key> {
        try isNull() ? JSONFields(cursor: Cursor(start: offset, isDone: true)) : try fields(type)
    }

    /// Goes into an array; null counts as an empty one.
    public mutating func elementsIfPresent() throws(JSONReadError) -> JSONElements {
        try isNull() ? JSONElements(cursor: Cursor(start: offset, isDone: true)) : try elements()
    }

    /// Goes into an array.
    public mutating func elements() throws(JSONReadError) -> JSONElements {
        JSONElements(cursor: try cursor(into: UInt8(ascii: "["), "is not an array"))
    }

    /// Goes into an object whose keys are only known at run time; null counts as one without fields.
    mutating func entriesIfPresent() throws(JSONReadError) -> Cursor {
        try isNull() ? Cursor(start: offset, isDone: true) : try cursor(into: UInt8(ascii: "{"), "is not an object")
    }

    private mutating func cursor(into bracket: UInt8, _ reason: String) throws(JSONReadError) -> Cursor {
        guard try peek() == bracket else { throw unexpected(reason) }
        let start = offset
        try enter()
        return Cursor(start: start)
    }

    /// How far an object or array has been read.
    @usableFromInline
    struct Cursor {
        let start: Int
        var isDone = false
        var isFirst = true
        /// The keys that have come already, by their place among the names.
        var seen: UInt64 = 0
    }

    /// The place among `names` of the next field that is one of them; its value is to be read next. Nil at the end.
    @usableFromInline
    mutating func nextField(_ names: JSONKeyNames, _ cursor: inout Cursor) throws(JSONReadError) -> Int? {
        while try isNext(&cursor, before: UInt8(ascii: "}")) {
            let key = try key()
            if let index = try index(of: key, in: names), cursor.seen & 1 << UInt64(index) == 0 {
                cursor.seen |= 1 << UInt64(index)
                return index
            }
            try skipValue()
        }
        return nil
    }

    /// The key of the next field, whatever it is; its value is to be read next. Nil at the end.
    mutating func nextKey(_ cursor: inout Cursor) throws(JSONReadError) -> String? {
        guard try isNext(&cursor, before: UInt8(ascii: "}")) else { return nil }
        return try string(try key())
    }

    /// Whether another element follows.
    @usableFromInline
    mutating func nextElement(_ cursor: inout Cursor) throws(JSONReadError) -> Bool {
        try isNext(&cursor, before: UInt8(ascii: "]"))
    }

    private mutating func isNext(_ cursor: inout Cursor, before end: UInt8) throws(JSONReadError) -> Bool {
        if cursor.isDone { return false }
        let byte = try peek()
        if byte == end {
            offset += 1
            depth -= 1
            cursor.isDone = true
            return false
        }
        if cursor.isFirst {
            cursor.isFirst = false
        } else {
            guard byte == UInt8(ascii: ",") else { throw .malformed(offset: offset) }
            offset += 1
        }
        return true
    }

    private mutating func key() throws(JSONReadError) -> JSONScan.Text {
        guard try peek() == UInt8(ascii: "\"") else { throw .malformed(offset: offset) }
        let key = try stringToken()
        guard try peek() == UInt8(ascii: ":") else { throw .malformed(offset: offset) }
        offset += 1
        return key
    }

    private func index(of key: JSONScan.Text, in names: JSONKeyNames) throws(JSONReadError) -> Int? {
        // Whatever cannot be read of a key, it is to be told as it is for a value.
        guard !key.isPlain else { return names.index(of: key.range, in: text.span) }
        let name = Array(try string(key).utf8)
        return names.index(of: 0..<name.count, in: name.span)
    }

    private mutating func enter() throws(JSONReadError) {
        guard depth < Self.maxDepth else { throw unexpected("is nested deeper than \(Self.maxDepth) levels") }
        depth += 1
        offset += 1
    }

    // MARK: - Values

    /// Takes a null, if one is next.
    public mutating func isNull() throws(JSONReadError) -> Bool {
        guard try peek() == UInt8(ascii: "n") else { return false }
        try skipWord("null")
        return true
    }

    public mutating func string() throws(JSONReadError) -> String {
        guard try isString() else { throw unexpected("is not of type String") }
        return try string(try stringToken())
    }

    public mutating func stringIfPresent() throws(JSONReadError) -> String? {
        try isNull() ? nil : try string()
    }

    /// A string that many objects have: its memory is shared with that of those before.
    public mutating func sharedString() throws(JSONReadError) -> String {
        guard try isString() else { throw unexpected("is not of type String") }
        let token = try stringToken()
        guard token.isPlain else { return try string(token) }
        if let known = strings.find(text, token.range) { return known }
        let new = try string(token)
        strings.keep(new, text, token.range)
        return new
    }

    public mutating func sharedStringIfPresent() throws(JSONReadError) -> String? {
        try isNull() ? nil : try sharedString()
    }

    public mutating func isString() throws(JSONReadError) -> Bool { try peek() == UInt8(ascii: "\"") }

    /// Nil for a value of another kind, which is passed over.
    public mutating func stringOrOther() throws(JSONReadError) -> String? {
        guard try isString() else {
            try skipValue()
            return nil
        }
        return try stringToken().string(in: text)
    }

    /// Nil for a value of another kind, which is passed over.
    public mutating func integerOrOther() throws(JSONReadError) -> Int? {
        let before = self
        do {
            return try integerIfPresent()
        } catch .malformed(let offset) {
            throw .malformed(offset: offset)
        } catch .unexpected {
            self = before
            try skipValue()
            return nil
        }
    }

    public mutating func boolIfPresent() throws(JSONReadError) -> Bool? {
        switch try peek() {
        case UInt8(ascii: "n"):
            try skipWord("null")
            return nil
        case UInt8(ascii: "t"):
            try skipWord("true")
            return true
        case UInt8(ascii: "f"):
            try skipWord("false")
            return false
        default: throw unexpected("is not of type Bool")
        }
    }

    /// A whole number, however it is written.
    public mutating func integerIfPresent() throws(JSONReadError) -> Int? {
        if try isNull() { return nil }
        let start = offset
        guard JSONScan.beginsNumber(text[start]) else { throw unexpected("is not of type Int") }
        offset = JSONScan.number(text.span, at: start)
        let digits = String(decoding: text[start..<offset], as: UTF8.self)
        guard Self.isNumber(digits) else { throw .unexpected(offset: start, reason: "is not a number") }
        if let integer = Int(digits) { return integer }
        guard let double = Double(digits), let integer = Int(exactly: double) else {
            throw .unexpected(offset: start, reason: "is not of type Int")
        }
        return integer
    }

    /// A time beyond the range of `KubernetesTime` is the end of that range: its object is read nevertheless.
    public mutating func timeIfPresent() throws(JSONReadError) -> KubernetesTime? {
        if try isNull() { return nil }
        guard try isString() else { throw unexpected("is not of type String") }
        let start = offset
        let token = try stringToken()
        if token.isPlain {
            var scanner = RFC3339Scanner(text[token.range])
            if let nanoseconds = scanner.clampedUnixNanoseconds() {
                return KubernetesTime(unixNanoseconds: nanoseconds)
            }
        }
        let text = try string(token)
        guard let time = KubernetesTime(clamping: text) else {
            throw .unexpected(offset: start, reason: "'\(text.prefix(64))' is not an RFC 3339 time")
        }
        return time
    }

    // MARK: - Passing over

    public mutating func skipValue() throws(JSONReadError) {
        offset = try JSONScan.value(text.span, at: offset)
    }

    private mutating func skipWord(_ word: String) throws(JSONReadError) {
        offset = try JSONScan.word(word, text.span, at: offset)
    }

    /// The next byte that is no white space.
    private mutating func peek() throws(JSONReadError) -> UInt8 {
        if offset < text.count {
            let byte = text[offset]
            // Servers write none.
            if byte > 0x20 { return byte }
        }
        offset = JSONScan.space(text.span, at: offset)
        guard offset < text.count else { throw .malformed(offset: offset) }
        return text[offset]
    }

    private mutating func stringToken() throws(JSONReadError) -> JSONScan.Text {
        let string = try JSONScan.string(text.span, at: offset)
        offset = string.range.upperBound + 1
        return string
    }

    private func string(_ token: JSONScan.Text) throws(JSONReadError) -> String {
        guard let string = token.string(in: text) else {
            throw .unexpected(offset: token.range.lowerBound - 1, reason: "is not a valid string")
        }
        return string
    }

    /// Whether it is in JSON's grammar, of which `skipNumber` only knows the characters.
    private static func isNumber(_ text: String) -> Bool {
        var rest = text.utf8[...]
        func takeDigits() -> Bool {
            let count = rest.prefix(while: JSONScan.isDigit).count
            rest = rest.dropFirst(count)
            return count > 0
        }
        func take(_ one: UInt8, _ other: UInt8) -> Bool {
            guard let first = rest.first, first == one || first == other else { return false }
            rest = rest.dropFirst()
            return true
        }
        _ = take(UInt8(ascii: "-"), UInt8(ascii: "-"))
        guard take(UInt8(ascii: "0"), UInt8(ascii: "0")) || takeDigits() else { return false }
        if take(UInt8(ascii: "."), UInt8(ascii: ".")), !takeDigits() { return false }
        if take(UInt8(ascii: "e"), UInt8(ascii: "E")) {
            _ = take(UInt8(ascii: "+"), UInt8(ascii: "-"))
            guard takeDigits() else { return false }
        }
        return rest.isEmpty
    }
}
