/// Cuts the JSON text of a list into its items and the rest.
///
/// A page of large objects is several megabytes, and a decoder needs several times that for the whole of it at once.
/// Cut into items, it needs that for one object at a time. Only as much is checked as is needed to find the ends of
/// values; the pieces are for a decoder, which checks the rest.
struct ListSplitter {
    enum Problem: Error, Equatable, CustomStringConvertible {
        /// The text is no JSON object, or not a whole one.
        case malformed(offset: Int)
        /// There is no such key.
        case missing(String)

        var description: String {
            switch self {
            case .malformed(let offset): "not valid JSON at byte \(offset)"
            case .missing(let key): "has no '\(key)'"
            }
        }
    }

    /// The values of the array `items`, in their order; nil when there is no such key.
    private(set) var items: [Range<Int>]?
    /// The value of `metadata`.
    private(set) var metadata: Range<Int>?

    init(_ text: [UInt8]) throws(Problem) {
        var reader = Reader(text: text)
        try reader.expect("{")
        while true {
            let key = try reader.value()
            try reader.expect(":")
            if text[key].elementsEqual("\"items\"".utf8) {
                items = try reader.elements()
            } else {
                let value = try reader.value()
                if text[key].elementsEqual("\"metadata\"".utf8) { metadata = value }
            }
            guard try reader.isNextElement(before: "}") else { break }
        }
        guard reader.isAtEnd() else { throw .malformed(offset: reader.offset) }
    }

    private struct Reader {
        let text: [UInt8]
        private(set) var offset = 0

        init(text: [UInt8]) {
            self.text = text
        }

        mutating func expect(_ character: Unicode.Scalar) throws(Problem) {
            guard try peek() == UInt8(ascii: character) else { throw .malformed(offset: offset) }
            offset += 1
        }

        /// After an element: true at a comma, false at the end.
        mutating func isNextElement(before end: Unicode.Scalar) throws(Problem) -> Bool {
            if try peek() == UInt8(ascii: ",") {
                offset += 1
                return true
            }
            try expect(end)
            return false
        }

        mutating func isAtEnd() -> Bool {
            skipSpace()
            return offset == text.count
        }

        /// The elements of an array; none for null.
        mutating func elements() throws(Problem) -> [Range<Int>] {
            var elements: [Range<Int>] = []
            guard try peek() == UInt8(ascii: "[") else {
                let value = try value()
                guard text[value].elementsEqual("null".utf8) else { throw .malformed(offset: value.lowerBound) }
                return elements
            }
            offset += 1
            if try peek() == UInt8(ascii: "]") {
                offset += 1
                return elements
            }
            repeat {
                elements.append(try value())
            } while try isNextElement(before: "]")
            return elements
        }

        /// Goes over one value of any kind.
        mutating func value() throws(Problem) -> Range<Int> {
            let first = try peek()
            let start = offset
            switch first {
            case UInt8(ascii: "{"), UInt8(ascii: "["): try skipNested()
            case UInt8(ascii: "\""): try skipString()
            default:
                while offset < text.count, !Self.endsScalar(text[offset]) { offset += 1 }
                guard offset > start else { throw .malformed(offset: start) }
            }
            return start..<offset
        }

        private mutating func skipNested() throws(Problem) {
            var depth = 0
            repeat {
                guard offset < text.count else { throw .malformed(offset: offset) }
                switch text[offset] {
                case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
                case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
                case UInt8(ascii: "\""):
                    try skipString()
                    continue
                default: break
                }
                offset += 1
            } while depth > 0
        }

        private mutating func skipString() throws(Problem) {
            offset += 1
            while offset < text.count {
                switch text[offset] {
                case UInt8(ascii: "\""):
                    offset += 1
                    return
                case UInt8(ascii: "\\"): offset += 2
                default: offset += 1
                }
            }
            throw .malformed(offset: text.count)
        }

        /// The next byte that is no white space.
        private mutating func peek() throws(Problem) -> UInt8 {
            skipSpace()
            guard offset < text.count else { throw .malformed(offset: text.count) }
            return text[offset]
        }

        private mutating func skipSpace() {
            while offset < text.count, Self.isSpace(text[offset]) { offset += 1 }
        }

        private static func isSpace(_ byte: UInt8) -> Bool {
            byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
        }

        private static func endsScalar(_ byte: UInt8) -> Bool {
            isSpace(byte) || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
                || byte == UInt8(ascii: ":")
        }
    }
}
