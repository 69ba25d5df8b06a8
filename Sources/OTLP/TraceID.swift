/// The 16 bytes of a trace id, as two big-endian halves.
public struct TraceID: Hashable, Sendable {
    public let high: UInt64
    public let low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// An id of zeros is invalid (W3C Trace Context, section 3.2.2.3).
    public var isValid: Bool { high != 0 || low != 0 }

    /// Reads 32 hex digits in either case; nil for anything else.
    public init?(hex: some StringProtocol) {
        let digits = hex.utf8
        guard digits.count == 32,
            let high = UInt64(hexDigits: digits.prefix(16)),
            let low = UInt64(hexDigits: digits.dropFirst(16))
        else { return nil }
        self.init(high: high, low: low)
    }

    /// 32 lowercase hex digits.
    public var hex: String { high.hexDigits + low.hexDigits }

    /// The 16 bytes, as OTLP carries them.
    public var bytes: [UInt8] { high.bigEndianBytes + low.bigEndianBytes }
}

extension TraceID: CustomStringConvertible {
    public var description: String { hex }
}
