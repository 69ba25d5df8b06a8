/// The eight bytes of a span id, big-endian. Zero stands for "none".
public struct SpanID: Hashable, Sendable {
    public let value: UInt64

    public init(_ value: UInt64) {
        self.value = value
    }

    public var isValid: Bool { value != 0 }

    /// Reads 16 hex digits in either case; nil for anything else.
    public init?(hex: some StringProtocol) {
        guard hex.utf8.count == 16, let value = UInt64(hexDigits: hex.utf8) else { return nil }
        self.init(value)
    }

    /// 16 lowercase hex digits.
    public var hex: String { value.hexDigits }

    /// The eight bytes, as OTLP carries them.
    public var bytes: [UInt8] { value.bigEndianBytes }
}

extension SpanID: CustomStringConvertible {
    public var description: String { hex }
}
