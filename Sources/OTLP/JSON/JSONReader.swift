/// A cursor over a JSON text (RFC 8259). Whitespace before a token is passed over by whoever takes the token.
///
/// Every read of a byte is preceded by a check against the end. A reader must not outlive its buffer.
struct JSONReader {
    /// What stands between the quotes of a string, escapes as written.
    struct Text {
        let range: Range<Int>
        let hasEscapes: Bool
    }

    private let buffer: UnsafeRawBufferPointer
    private var offset = 0

    var count: Int { buffer.count }

    /// A text that is not UTF-8 is no JSON.
    init(_ buffer: UnsafeRawBufferPointer) throws(OTLPJSONError) {
        self.buffer = buffer
        let isUTF8 = buffer.withMemoryRebound(to: UInt8.self) { bytes in
            do {
                _ = try UTF8Span(validating: bytes.span)
                return true
            } catch {
                return false
            }
        }
        guard isUTF8 else { throw OTLPJSONError("not valid UTF-8", at: 0) }
    }

    func error(_ reason: String) -> OTLPJSONError { OTLPJSONError(reason, at: offset) }

    // MARK: Tokens

    /// The next byte that is no whitespace; nil at the end.
    mutating func peek() -> UInt8? {
        while offset < buffer.count {
            switch buffer[offset] {
            case 0x20, 0x09, 0x0A, 0x0D: offset += 1
            default: return buffer[offset]
            }
        }
        return nil
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard peek() == byte else { return false }
        offset += 1
        return true
    }

    mutating func expect(_ byte: UInt8, _ what: String) throws(OTLPJSONError) {
        guard take(byte) else { throw error("expected \(what)") }
    }

    mutating func takeWord(_ word: StaticString) -> Bool {
        guard peek() == word.utf8Start.pointee, word.utf8CodeUnitCount <= buffer.count - offset else { return false }
        for index in 0..<word.utf8CodeUnitCount where buffer[offset + index] != word.utf8Start[index] { return false }
        offset += word.utf8CodeUnitCount
        return true
    }

    mutating func end() throws(OTLPJSONError) {
        if peek() != nil { throw error("expected the end of the text") }
    }

    // MARK: Strings

    mutating func string() throws(OTLPJSONError) -> Text {
        try expect(UInt8(ascii: "\""), "a string")
        let start = offset
        var hasEscapes = false
        while offset < buffer.count {
            switch buffer[offset] {
            case UInt8(ascii: "\""):
                offset += 1
                return Text(range: start..<offset - 1, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                offset += 2
            case 0..<0x20:
                throw error("a control character in a string")
            default:
                offset += 1
            }
        }
        throw OTLPJSONError("a string without an end", at: start)
    }

    /// Whether the string is exactly this; one with escapes is not looked into.
    func equals(_ text: Text, _ other: String) -> Bool {
        !text.hasEscapes && buffer[text.range].elementsEqual(other.utf8)
    }

    func unescape(_ text: Text, into output: inout [UInt8]) throws(OTLPJSONError) {
        guard text.hasEscapes else {
            output += buffer[text.range]
            return
        }
        var index = text.range.lowerBound
        let end = text.range.upperBound
        while index < end {
            let byte = buffer[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                output.append(byte)
                continue
            }
            // `string` has seen to it that a byte follows.
            let escape = buffer[index]
            index += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(escape)
            case UInt8(ascii: "b"): output.append(0x08)
            case UInt8(ascii: "f"): output.append(0x0C)
            case UInt8(ascii: "n"): output.append(0x0A)
            case UInt8(ascii: "r"): output.append(0x0D)
            case UInt8(ascii: "t"): output.append(0x09)
            case UInt8(ascii: "u"): output += try unicode(&index, end).utf8
            default: throw OTLPJSONError("an unknown escape in a string", at: index - 1)
            }
        }
    }

    private func unicode(_ index: inout Int, _ end: Int) throws(OTLPJSONError) -> String {
        let start = index
        var code = try codeUnit(&index, end)
        if code & 0xFC00 == 0xD800, end - index >= 2, buffer[index] == UInt8(ascii: "\\"),
            buffer[index + 1] == UInt8(ascii: "u")
        {
            index += 2
            let low = try codeUnit(&index, end)
            guard low & 0xFC00 == 0xDC00 else { throw OTLPJSONError("half a surrogate pair in a string", at: start) }
            code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw OTLPJSONError("half a surrogate pair in a string", at: start)
        }
        return String(Character(scalar))
    }

    private func codeUnit(_ index: inout Int, _ end: Int) throws(OTLPJSONError) -> UInt32 {
        guard end - index >= 4, let value = UInt64(hexDigits: buffer[index..<index + 4]) else {
            throw OTLPJSONError("\\u is not followed by four hex digits", at: index)
        }
        index += 4
        return UInt32(value)
    }

    /// Bytes of an id: `2 * length` hex digits, or none.
    func hex(_ text: Text, length: Int, into output: inout [UInt8]) throws(OTLPJSONError) {
        if text.range.isEmpty { return }
        guard text.range.count == 2 * length else {
            throw OTLPJSONError("expected \(2 * length) hex digits, got \(text.range.count)", at: text.range.lowerBound)
        }
        for index in stride(from: text.range.lowerBound, to: text.range.upperBound, by: 2) {
            guard let byte = UInt64(hexDigits: buffer[index..<index + 2]) else {
                throw OTLPJSONError("expected hex digits", at: index)
            }
            output.append(UInt8(byte))
        }
    }

    /// Base64, of either alphabet, with padding or without.
    func base64(_ text: Text, into output: inout [UInt8]) throws(OTLPJSONError) {
        var digits: [UInt8] = []
        try unescape(text, into: &digits)
        while digits.last == UInt8(ascii: "=") { digits.removeLast() }
        guard digits.count % 4 != 1 else { throw OTLPJSONError("no valid base64", at: text.range.lowerBound) }
        var bits: UInt32 = 0
        var bitCount = 0
        for digit in digits {
            guard let value = Self.base64Value(digit) else {
                throw OTLPJSONError("no valid base64", at: text.range.lowerBound)
            }
            bits = bits << 6 | value
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                output.append(UInt8(truncatingIfNeeded: bits >> UInt32(bitCount)))
            }
        }
    }

    private static func base64Value(_ digit: UInt8) -> UInt32? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(digit - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(digit - UInt8(ascii: "a") + 26)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(digit - UInt8(ascii: "0") + 52)
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }

    // MARK: Numbers

    /// The text of a number in JSON's grammar.
    mutating func number() throws(OTLPJSONError) -> String {
        _ = peek()
        let start = offset
        func digits() -> Bool {
            let first = offset
            while offset < buffer.count, (0x30...0x39).contains(buffer[offset]) { offset += 1 }
            return offset > first
        }
        func takeNow(_ byte: UInt8) -> Bool {
            guard offset < buffer.count, buffer[offset] == byte else { return false }
            offset += 1
            return true
        }
        _ = takeNow(UInt8(ascii: "-"))
        var isNumber = takeNow(UInt8(ascii: "0")) || digits()
        if isNumber, takeNow(UInt8(ascii: ".")) { isNumber = digits() }
        if isNumber, takeNow(UInt8(ascii: "e")) || takeNow(UInt8(ascii: "E")) {
            if !takeNow(UInt8(ascii: "+")) { _ = takeNow(UInt8(ascii: "-")) }
            isNumber = digits()
        }
        guard isNumber else { throw OTLPJSONError("expected a value", at: start) }
        return String(decoding: buffer[start..<offset], as: UTF8.self)
    }

    /// A number, or the same as a string.
    private mutating func numberOrString() throws(OTLPJSONError) -> (text: String, offset: Int) {
        guard peek() == UInt8(ascii: "\"") else {
            let start = offset
            return (try number(), start)
        }
        let text = try string()
        return (String(decoding: buffer[text.range], as: UTF8.self), text.range.lowerBound)
    }

    mutating func integer<Integer: FixedWidthInteger>(_ type: Integer.Type) throws(OTLPJSONError) -> Integer {
        let (text, start) = try numberOrString()
        if let integer = Integer(text), text.utf8.first != UInt8(ascii: "+") { return integer }
        // 1.0 and 1e3 are whole numbers too.
        if let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first),
            let double = Double(text), let integer = Integer(exactly: double)
        {
            return integer
        }
        throw OTLPJSONError("expected a whole number of \(Integer.bitWidth) bits", at: start)
    }

    mutating func enumeration(_ names: [String: Int32]) throws(OTLPJSONError) -> Int32 {
        guard peek() == UInt8(ascii: "\"") else { return try integer(Int32.self) }
        let text = try string()
        guard let value = names[String(decoding: buffer[text.range], as: UTF8.self)] else {
            throw OTLPJSONError("unknown name of an enum: give the number", at: text.range.lowerBound)
        }
        return value
    }

    mutating func double() throws(OTLPJSONError) -> Double {
        let (text, start) = try numberOrString()
        switch text {
        case "NaN": return .nan
        case "Infinity": return .infinity
        case "-Infinity": return -.infinity
        default:
            guard let first = text.utf8.first, first == UInt8(ascii: "-") || (0x30...0x39).contains(first),
                let double = Double(text), double.isFinite
            else { throw OTLPJSONError("expected a number", at: start) }
            return double
        }
    }
}
