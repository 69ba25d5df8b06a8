public import OTLP

/// A W3C trace context (https://www.w3.org/TR/trace-context/), as Tekton keeps it in `status.spanContext`.
public struct SpanContext: Sendable, Hashable {
    public let traceID: TraceID
    /// The span below which ours are put.
    public let spanID: SpanID
    public let isSampled: Bool
    public let traceState: String

    public init(traceID: TraceID, spanID: SpanID, isSampled: Bool, traceState: String = "") {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
        self.traceState = traceState
    }

    /// Reads `00-<trace id>-<span id>-<flags>`, in lowercase hex as the specification has it (section 3.2). A version above
    /// 00 may have more parts behind; version ff is invalid.
    public init?(traceparent: String, traceState: String = "") {
        let parts = traceparent.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 4,
            parts.prefix(4).allSatisfy({ $0.utf8.allSatisfy(Self.isLowercaseHexDigit) }),
            parts[0].utf8.count == 2, parts[0] != "ff", parts[0] != "00" || parts.count == 4,
            let traceID = TraceID(hex: parts[1]), traceID.isValid,
            let spanID = SpanID(hex: parts[2]), spanID.isValid,
            parts[3].utf8.count == 2, let flags = UInt8(parts[3], radix: 16)
        else { return nil }
        self.init(traceID: traceID, spanID: spanID, isSampled: flags & 1 == 1, traceState: traceState)
    }

    private static func isLowercaseHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
