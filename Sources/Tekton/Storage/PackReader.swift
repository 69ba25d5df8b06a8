import Kubernetes

/// Reads what `PackWriter` has written, in the same order.
struct PackReader {
    private let bytes: [UInt8]
    private let strings: [String]
    private var offset = 0
    private var lastTime: Int64 = 0

    init(bytes: [UInt8], strings: [String]) {
        self.bytes = bytes
        self.strings = strings
    }

    private mutating func byte() -> UInt8 {
        defer { offset += 1 }
        return bytes[offset]
    }

    private mutating func bytes(_ count: Int) -> ArraySlice<UInt8> {
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    mutating func flag() -> Bool { byte() != 0 }

    mutating func unsigned() -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = byte()
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
    }

    private mutating func signed() -> Int64 {
        let value = unsigned()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func integer() -> Int { Int(signed()) }

    mutating func optionalInteger() -> Int? { flag() ? integer() : nil }

    mutating func time() -> KubernetesTime? {
        switch PackWriter.TimeKind(rawValue: byte()) {
        case .seconds: lastTime &+= signed() &* 1_000_000_000
        case .nanoseconds: lastTime &+= signed()
        default: return nil
        }
        return KubernetesTime(unixNanoseconds: lastTime)
    }

    /// Shared or not.
    mutating func text() -> String? {
        switch PackWriter.TextKind(rawValue: byte()) {
        case .shared: strings[integer()]
        case .utf8: String(decoding: bytes(integer()), as: UTF8.self)
        case .uuid: HexDigits.uuid(bytes(16))
        case .digest: strings[integer()] + HexDigits.text(bytes(32))
        default: nil
        }
    }

    mutating func elements<Element: Packable>(_ type: Element.Type = Element.self) -> [Element] {
        (0..<integer()).map { _ in Element(unpacking: &self) }
    }

    mutating func element<Element: Packable>(_ type: Element.Type = Element.self) -> Element? {
        flag() ? Element(unpacking: &self) : nil
    }
}
