/// The Retry-After header (RFC 9110, section 10.2.3): seconds, or a date.
enum RetryAfter {
    /// - Parameter now: seconds since 1970.
    static func parse(_ value: String, now: Double) -> Duration? {
        if let seconds = Int32(value) { return seconds >= 0 ? .seconds(seconds) : nil }
        guard let date = seconds(httpDate: value) else { return nil }
        return .seconds(max(Double(date) - now, 0))
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT`; the two obsolete formats are not in use any more.
    private static func seconds(httpDate: String) -> Int? {
        let words = httpDate.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int(words[1]), (1...31).contains(day),
            let month = months.firstIndex(of: String(words[2])), let year = Int(words[3]), (1970...9999).contains(year)
        else { return nil }
        let time = words[4].split(separator: ":").compactMap { Int($0) }
        guard time.count == 3, (0..<24).contains(time[0]), (0..<60).contains(time[1]), (0...60).contains(time[2]) else {
            return nil
        }
        return (days(year, month, day) * 24 + time[0]) * 3600 + time[1] * 60 + time[2]
    }

    /// Days since 1970 in the Gregorian calendar; `month` from 0.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        // Counted in years that begin with March, so that the leap day is the last one.
        let shifted = month < 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 10) % 12) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
