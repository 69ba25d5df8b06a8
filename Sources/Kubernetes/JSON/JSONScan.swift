/// Finds the ends of values in a JSON text.
///
/// Only as much is checked as is needed for that. Spans are passed along so that nothing is retained for each value.
enum JSONScan {
    // MARK: - Values

    /// The end of the value at `offset`, or behind white space there. However deep it nests: that takes a bit for each
    /// level, and no stack.
    static func value(_ text: Span<UInt8>, at offset: Int) throws(JSONReadError) -> Int {
        var offset = offset
        var open = OpenBrackets()
        while true {
            offset = space(text, at: offset)
            guard offset < text.count else { throw .malformed(offset: offset) }
            let byte = text[offset]
            if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                let isObject = byte == UInt8(ascii: "{")
                offset = space(text, at: offset + 1)
                if offset < text.count, text[offset] == closing(isObject) {
                    offset += 1
                } else {
                    open.push(isObject)
                    if isObject { offset = try keyAndColon(text, at: offset) }
                    continue
                }
            } else {
                offset = try scalar(text, at: offset)
            }
            // A value has ended, and with it perhaps what it is the last of.
            while let isObject = open.last {
                offset = space(text, at: offset)
                guard offset < text.count else { throw .malformed(offset: offset) }
                if text[offset] == UInt8(ascii: ",") {
                    offset = space(text, at: offset + 1)
                    if isObject { offset = try keyAndColon(text, at: offset) }
                    break
                }
                guard text[offset] == closing(isObject) else { throw .malformed(offset: offset) }
                offset += 1
                open.pop()
            }
            if open.isEmpty { return offset }
        }
    }

    private static func closing(_ isObject: Bool) -> UInt8 { isObject ? UInt8(ascii: "}") : UInt8(ascii: "]") }

    private static func scalar(_ text: Span<UInt8>, at start: Int) throws(JSONReadError) -> Int {
        switch text[start] {
        case UInt8(ascii: "\""): return try string(text, at: start).range.upperBound + 1
        case UInt8(ascii: "t"): return try word("true", text, at: start)
        case UInt8(ascii: "f"): return try word("false", text, at: start)
        case UInt8(ascii: "n"): return try word("null", text, at: start)
        case let byte where beginsNumber(byte): return number(text, at: start)
        default: throw .malformed(offset: start)
        }
    }

    /// Where the value of the field begins whose key is at `start`, or white space before it.
    private static func keyAndColon(_ text: Span<UInt8>, at start: Int) throws(JSONReadError) -> Int {
        let offset = space(text, at: try string(text, at: start).range.upperBound + 1)
        guard offset < text.count, text[offset] == UInt8(ascii: ":") else { throw .malformed(offset: offset) }
        return offset + 1
    }

    /// The objects and arrays around a place in a text, the innermost last.
    private struct OpenBrackets {
        /// A bit for each: set for an object. The innermost is the lowest.
        private var bits: UInt64 = 0
        private var count = 0
        /// Those further out, 64 at a time.
        private var outer: [UInt64] = []

        var isEmpty: Bool { count == 0 && outer.isEmpty }

        /// Whether the innermost is an object; nil when there is none.
        var last: Bool? { isEmpty ? nil : bits & 1 == 1 }

        mutating func push(_ isObject: Bool) {
            if count == 64 {
                outer.append(bits)
                count = 0
            }
            bits = bits << 1 | (isObject ? 1 : 0)
            count += 1
        }

        mutating func pop() {
            bits >>= 1
            count -= 1
            if count == 0, let next = outer.popLast() {
                bits = next
                count = 64
            }
        }
    }

    static func word(_ word: String, _ text: Span<UInt8>, at start: Int) throws(JSONReadError) -> Int {
        let count = word.utf8.count
        guard text.count - start >= count else { throw .malformed(offset: start) }
        for (index, byte) in word.utf8.enumerated() where text[start + index] != byte {
            throw .malformed(offset: start)
        }
        return start + count
    }

    /// The end of what may be a number.
    static func number(_ text: Span<UInt8>, at start: Int) -> Int {
        var offset = start
        while offset < text.count, isInNumber(text[offset]) { offset += 1 }
        return offset
    }

    /// The next byte that is no white space.
    static func space(_ text: Span<UInt8>, at start: Int) -> Int {
        var offset = start
        while offset < text.count, text[offset] <= 0x20, isSpace(text[offset]) { offset += 1 }
        return offset
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    static func beginsNumber(_ byte: UInt8) -> Bool { isDigit(byte) || byte == UInt8(ascii: "-") }

    private static func isInNumber(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            true
        default: false
        }
    }

    // MARK: - Strings

    /// A string as it stands in the text.
    struct Text {
        /// What is between the quotes.
        let range: Range<Int>
        /// It means what it says: ASCII, no escapes, and no control characters, which no string should have.
        let isPlain: Bool
    }

    /// - Parameter start: of the quote it begins with.
    static func string(_ text: Span<UInt8>, at start: Int) throws(JSONReadError) -> Text {
        guard start < text.count, text[start] == UInt8(ascii: "\"") else { throw .malformed(offset: start) }
        let bytes = text.bytes
        var offset = start + 1
        var isPlain = true
        while true {
            // Eight bytes at a time as long as none of them matters.
            while offset + 8 <= text.count {
                let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
                // The last of these finds control characters.
                let found =
                    zeroes(word ^ quotes) | zeroes(word ^ backslashes) | word & highBits
                    | (word &- spaces) & ~word & highBits
                guard found == 0 else {
                    offset += UInt64(littleEndian: found).trailingZeroBitCount / 8
                    break
                }
                offset += 8
            }
            guard offset < text.count else { throw .malformed(offset: start) }
            switch text[offset] {
            case UInt8(ascii: "\""): return Text(range: start + 1..<offset, isPlain: isPlain)
            case UInt8(ascii: "\\"):
                isPlain = false
                offset = try escape(text, at: offset)
            case 0x80..., 0..<0x20:
                isPlain = false
                offset += 1
            default: offset += 1
            }
        }
    }

    /// The end of an escape; which it is, is not looked at.
    private static func escape(_ text: Span<UInt8>, at start: Int) throws(JSONReadError) -> Int {
        guard start + 1 < text.count, text[start + 1] == UInt8(ascii: "u") else { return start + 2 }
        guard start + 6 <= text.count else { throw .malformed(offset: start) }
        for place in start + 2..<start + 6 where text[place] == UInt8(ascii: "\"") { throw .malformed(offset: start) }
        return start + 6
    }

    private static let quotes: UInt64 = 0x2222_2222_2222_2222
    private static let backslashes: UInt64 = 0x5C5C_5C5C_5C5C_5C5C
    private static let spaces: UInt64 = 0x2020_2020_2020_2020
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// The high bit of each byte that is zero; above the lowest such byte also of some that are not.
    private static func zeroes(_ word: UInt64) -> UInt64 {
        (word &- 0x0101_0101_0101_0101) & ~word & highBits
    }
}
