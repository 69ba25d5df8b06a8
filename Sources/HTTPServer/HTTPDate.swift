internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The value of the Date header (RFC 9110, 5.6.7), written anew once a second.
struct HTTPDate {
    private var second: Int?
    private var text = ""
    private var header = ByteBuffer()

    mutating func now() -> String {
        update()
        return text
    }

    /// The header, and the empty line behind the last.
    mutating func lastHeader() -> ByteBuffer {
        update()
        return header
    }

    private mutating func update() {
        let second = time(nil)
        guard second != self.second else { return }
        self.second = second
        text = Self.format(secondsSince1970: second)
        header = ByteBuffer(string: "Date: \(text)\r\n\r\n")
    }

    /// As in `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func format(secondsSince1970 seconds: Int) -> String {
        let days = seconds.quotient(flooredBy: 86400)
        let second = seconds - days * 86400
        let (year, month, day) = civilDate(daysSince1970: days)
        let weekday = weekdays[(days + 4) - (days + 4).quotient(flooredBy: 7) * 7]
        let clock = "\(pad(second / 3600)):\(pad(second / 60 % 60)):\(pad(second % 60))"
        return "\(weekday), \(pad(day)) \(months[month - 1]) \(year) \(clock) GMT"
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func pad(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// The Gregorian date, counted in eras of 400 years that begin on the first of March.
    private static func civilDate(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = shifted.quotient(flooredBy: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

extension Int {
    fileprivate func quotient(flooredBy divisor: Int) -> Int {
        self >= 0 ? self / divisor : (self - divisor + 1) / divisor
    }
}
