/// Durations as Go writes them (`time.ParseDuration`), which is how the Collector's configuration has them.
public enum GoDuration {
    private static let units: [(name: String, nanoseconds: Int128)] = [
        ("ns", 1), ("us", 1000), ("\u{B5}s", 1000), ("\u{3BC}s", 1000), ("ms", 1_000_000),
        ("s", 1_000_000_000), ("m", 60_000_000_000), ("h", 3_600_000_000_000),
    ]

    /// Reads `300ms`, `-1.5h`, `1m30s`, `0`; nil for anything else, and for what does not fit 64 bits of nanoseconds.
    public static func parse(_ text: String) -> Duration? {
        var rest = text[...]
        let negative = rest.first == "-"
        if rest.first == "-" || rest.first == "+" { rest.removeFirst() }
        if rest == "0" { return .zero }
        guard !rest.isEmpty else { return nil }
        var total: Int128 = 0
        while !rest.isEmpty {
            let whole = takeDigits(&rest)
            var fraction: Substring = ""
            if rest.first == "." {
                rest.removeFirst()
                fraction = takeDigits(&rest)
            }
            guard !whole.isEmpty || !fraction.isEmpty, whole.count <= 19 else { return nil }
            let name = rest.prefix { !$0.isASCIIDigit && $0 != "." }
            guard let unit = units.first(where: { $0.name == name })?.nanoseconds else { return nil }
            rest = rest.dropFirst(name.count)
            total += (Int128(whole) ?? 0) * unit
            // A unit has at most 13 digits of nanoseconds: further places count for nothing.
            let places = fraction.prefix(18)
            total += (Int128(places) ?? 0) * unit / places.reduce(1) { power, _ in power * 10 }
            guard total <= Int128(Int64.max) else { return nil }
        }
        return .nanoseconds(Int64(negative ? -total : total))
    }

    /// `1m30s`, `300ms`, `1.5s`, `0s`: as Go writes it, without Go's zero parts (`5m`, not `5m0s`).
    public static func format(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let total = Int128(seconds) * 1_000_000_000 + Int128(attoseconds / 1_000_000_000)
        if total == 0 { return "0s" }
        let sign = total < 0 ? "-" : ""
        let nanoseconds = total.magnitude
        if nanoseconds < 1000 { return "\(sign)\(nanoseconds)ns" }
        if nanoseconds < 1_000_000 { return "\(sign)\(decimal(nanoseconds, per: 1000))us" }
        if nanoseconds < 1_000_000_000 { return "\(sign)\(decimal(nanoseconds, per: 1_000_000))ms" }
        let (minutes, rest) = nanoseconds.quotientAndRemainder(dividingBy: 60_000_000_000)
        var text = sign
        if minutes >= 60 { text += "\(minutes / 60)h" }
        if minutes % 60 > 0 { text += "\(minutes % 60)m" }
        if rest > 0 { text += "\(decimal(rest, per: 1_000_000_000))s" }
        return text
    }

    /// `value / unit` in decimal, without trailing zeros; `unit` is a power of ten.
    private static func decimal(_ value: UInt128, per unit: UInt128) -> String {
        let (whole, rest) = value.quotientAndRemainder(dividingBy: unit)
        guard rest > 0 else { return "\(whole)" }
        var places = String(String(rest + unit).dropFirst())
        while places.last == "0" { places.removeLast() }
        return "\(whole).\(places)"
    }

    private static func takeDigits(_ text: inout Substring) -> Substring {
        let digits = text.prefix(while: \.isASCIIDigit)
        text = text.dropFirst(digits.count)
        return digits
    }

}
