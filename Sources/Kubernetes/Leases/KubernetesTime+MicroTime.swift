import FoundationEssentials

extension KubernetesTime {
    /// As `MicroTime` fields have it, which the API server reads with exactly six digits behind the second.
    var microTime: String {
        var (seconds, nanoseconds) = unixNanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        if nanoseconds < 0 {
            seconds -= 1
            nanoseconds += 1_000_000_000
        }
        let whole = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
        let digits = String(nanoseconds / 1000)
        return "\(whole.dropLast()).\(String(repeating: "0", count: 6 - digits.count))\(digits)Z"
    }
}
