/// A point in time as the API server writes it (RFC 3339), in nanoseconds since 1970 UTC.
///
/// `Time` fields have whole seconds, `MicroTime` fields six digits, Tekton's termination messages three; up to nine are
/// read. Offsets are accepted, leap seconds are not. Years 1678 to 2261.
public struct KubernetesTime: Sendable, Hashable, Comparable {
    public let unixNanoseconds: Int64

    public init(unixNanoseconds: Int64) {
        self.unixNanoseconds = unixNanoseconds
    }

    /// Nil for anything that is not exactly an RFC 3339 date-time in the range above.
    public init?(_ text: some StringProtocol) {
        var scanner = RFC3339Scanner(text.utf8)
        guard let nanoseconds = scanner.unixNanoseconds() else { return nil }
        unixNanoseconds = nanoseconds
    }

    /// The same, but a time beyond the range above is the first or the last within it.
    public init?(clamping text: some StringProtocol) {
        var scanner = RFC3339Scanner(text.utf8)
        guard let nanoseconds = scanner.clampedUnixNanoseconds() else { return nil }
        unixNanoseconds = nanoseconds
    }

    public static func < (a: KubernetesTime, b: KubernetesTime) -> Bool {
        a.unixNanoseconds < b.unixNanoseconds
    }
}

extension KubernetesTime: Decodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let time = KubernetesTime(clamping: text) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "'\(text.prefix(64))' is not an RFC 3339 time"
            )
        }
        self = time
    }
}
