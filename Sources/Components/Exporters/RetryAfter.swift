/// The Retry-After header (RFC 9110, section 10.2.3): seconds, or a date.
enum RetryAfter {
    /// What is longer is cut: it would keep a request out of the backend's sight for as long as a mistake says.
    static let longest = Duration.seconds(3600)

    /// - Parameter now: seconds since 1970.
    static func parse(_ value: String, now: Double) -> Duration? {
        if !value.isEmpty, value.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) {
            // More digits than a number has are a long time too.
            return Int32(value).map { min(.seconds($0), longest) } ?? longest
        }
        guard let date = seconds(httpDate: value) else { return nil }
        return min(.seconds(max(Double(date) - now, 0)), longest)
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
