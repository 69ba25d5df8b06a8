/// Texts in lowercase hex as the bytes that they stand for, half as long.
enum HexDigits {
    private static let digestBytes = 32

    /// `4cbb16f2-...` as 16 bytes; nil for what is not a UUID in its usual form (RFC 9562, section 4).
    static func uuid(_ text: String) -> [UInt8]? {
        let utf8 = text.utf8
        guard utf8.count == 36 else { return nil }
        var digits: [UInt8] = []
        digits.reserveCapacity(32)
        for (index, byte) in utf8.enumerated() {
            let isHyphen = index == 8 || index == 13 || index == 18 || index == 23
            if isHyphen {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                digits.append(byte)
            }
        }
        return bytes(digits[...])
    }

    static func uuid(_ bytes: ArraySlice<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        for (index, byte) in bytes.enumerated() {
            if index == 4 || index == 6 || index == 8 || index == 10 { text.append(UInt8(ascii: "-")) }
            append(byte, to: &text)
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// What stands before 64 digits, and those as 32 bytes; nil for what does not end with so many.
    static func digest(_ text: String) -> (prefix: String, digest: [UInt8])? {
        let utf8 = Array(text.utf8)
        guard utf8.count >= 2 * digestBytes, let digest = bytes(utf8.suffix(2 * digestBytes)) else { return nil }
        return (String(decoding: utf8.dropLast(2 * digestBytes), as: UTF8.self), digest)
    }

    static func text(_ bytes: ArraySlice<UInt8>) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(2 * bytes.count)
        for byte in bytes { append(byte, to: &text) }
        return String(decoding: text, as: UTF8.self)
    }

    private static func append(_ byte: UInt8, to text: inout [UInt8]) {
        text.append(digit(byte >> 4))
        text.append(digit(byte & 15))
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func bytes(_ digits: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        var high: UInt8?
        for digit in digits {
            guard let value = value(digit) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
