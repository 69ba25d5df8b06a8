/// Reads one RFC 3339 date-time (section 5.6) from ASCII.
struct RFC3339Scanner<Bytes: Collection<UInt8>> {
    private var rest: Bytes.SubSequence

    init(_ bytes: Bytes) {
        rest = bytes[...]
    }

    /// Nil for a year that is not within `years`, too.
    mutating func unixNanoseconds() -> Int64? {
        guard let time = dateTime(), Self.years.contains(time.year) else { return nil }
        return time.seconds * 1_000_000_000 + time.nanoseconds
    }

    /// The first or last of all times there are, offsets included, for a year that is not within `years`.
    mutating func clampedUnixNanoseconds() -> Int64? {
        guard let time = dateTime() else { return nil }
        if time.year < Self.years.lowerBound { return -9_214_646_340_000_000_000 }
        if time.year > Self.years.upperBound { return 9_214_732_739_999_999_999 }
        return time.seconds * 1_000_000_000 + time.nanoseconds
    }

    /// Those that nanoseconds in 64 bits have as a whole. There is room for some more months on both sides, so that what is
    /// a little before or after such a time does not overflow.
    private static var years: ClosedRange<Int64> { 1678...2261 }

    /// Seconds since 1970, and the fraction.
    private mutating func dateTime() -> (year: Int64, seconds: Int64, nanoseconds: Int64)? {
        guard let year = digits(4), skip("-"), let month = digits(2), skip("-"), let day = digits(2), skip("T"),
            let hour = digits(2), skip(":"), let minute = digits(2), skip(":"), let second = digits(2),
            let fraction = fraction(), let offset = offsetSeconds(), rest.isEmpty,
            (1...12).contains(month), (1...Self.days(inMonth: month, of: year)).contains(day),
            hour < 24, minute < 60, second < 60
        else { return nil }
        let days = Self.daysSince1970(year: year, month: month, day: day)
        return (year, days * 86_400 + hour * 3600 + minute * 60 + second - offset, fraction)
    }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard let byte = rest.first, UInt32(byte) == character.value else { return false }
        rest.removeFirst()
        return true
    }

    private mutating func digit() -> Int64? {
        guard let byte = rest.first, (48...57).contains(byte) else { return nil }
        rest.removeFirst()
        return Int64(byte - 48)
    }

    private mutating func digits(_ count: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// Nanoseconds; 0 when there is no fraction, nil when it is not one to nine digits.
    private mutating func fraction() -> Int64? {
        guard skip(".") else { return 0 }
        var value: Int64 = 0
        var count = 0
        while let digit = digit() {
            count += 1
            guard count <= 9 else { return nil }
            value = value * 10 + digit
        }
        guard count > 0 else { return nil }
        while count < 9 {
            value *= 10
            count += 1
        }
        return value
    }

    private mutating func offsetSeconds() -> Int64? {
        if skip("Z") { return 0 }
        let sign: Int64
        if skip("+") {
            sign = 1
        } else if skip("-") {
            sign = -1
        } else {
            return nil
        }
        guard let hour = digits(2), skip(":"), let minute = digits(2), hour < 24, minute < 60 else { return nil }
        return sign * (hour * 3600 + minute * 60)
    }

    private static func days(inMonth month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Of the proleptic Gregorian calendar. Years are counted from March, so that the leap day is a year's last.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month > 2 ? year : year - 1
        let monthFromMarch = (month + 9) % 12
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
        let daysBefore = 365 * year + year / 4 - year / 100 + year / 400
        // 1970-01-01 counted the same way.
        return daysBefore + dayOfYear - 719_468
    }
}
