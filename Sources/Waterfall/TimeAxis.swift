/// The common time axis of a waterfall: from 0 to the trace's duration, in nanoseconds.
struct TimeAxis: Sendable, Equatable {
    let duration: UInt64

    /// Round times from 0 on, at most `count` of them after 0, none beyond the end.
    func ticks(atMost count: Int) -> [UInt64] {
        guard duration > 0, count > 0 else { return [0] }
        // Thousandths of a second and below go by powers of ten, from minutes on people count in other steps.
        let steps: [UInt64] = [
            1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000, 50_000_000,
            100_000_000, 200_000_000, 500_000_000, 1_000_000_000, 2_000_000_000, 5_000_000_000, 10_000_000_000,
            15_000_000_000, 30_000_000_000, 60_000_000_000, 120_000_000_000, 300_000_000_000, 600_000_000_000,
            1_800_000_000_000, 3_600_000_000_000, 7_200_000_000_000, 21_600_000_000_000, 86_400_000_000_000,
        ]
        var step = steps.first { duration / $0 <= UInt64(count) } ?? 86_400_000_000_000
        while duration / step > UInt64(count) {
            let (doubled, overflow) = step.multipliedReportingOverflow(by: 2)
            guard !overflow else { return [0] }
            step = doubled
        }
        return (0...(duration / step)).map { $0 * step }
    }

    /// The cell of `cells` in which `offset` lies; beyond the last for an offset at the end.
    func cell(of offset: UInt64, in cells: Int, roundingUp: Bool = false) -> Int {
        guard duration > 0 else { return 0 }
        let product = min(offset, duration).multipliedFullWidth(by: UInt64(cells))
        let (quotient, remainder) = duration.dividingFullWidth(product)
        return Int(quotient) + (roundingUp && remainder > 0 ? 1 : 0)
    }

    /// The cells of a bar from `start` to `end`: at least one, all within `0..<cells`.
    func cells(from start: UInt64, to end: UInt64, in cells: Int) -> Range<Int> {
        let first = min(cell(of: start, in: cells), cells - 1)
        let last = max(cell(of: end, in: cells, roundingUp: true), first + 1)
        return first..<min(last, cells)
    }
}

/// Durations as people read them.
enum DurationText {
    /// `0.3 ms`, `320 ms`, `1.9 s`, `2 min 5 s`, `1 h 5 min`, `2 d 3 h`.
    static func text(nanoseconds: UInt64) -> String {
        if nanoseconds < 950_000 {
            let tenths = (nanoseconds + 50_000) / 100_000
            return tenths == 0 ? "0 ms" : "0.\(tenths) ms"
        }
        let milliseconds = nanoseconds / 1_000_000 + (nanoseconds % 1_000_000 >= 500_000 ? 1 : 0)
        if milliseconds < 1_000 { return "\(milliseconds) ms" }
        let tenths = (milliseconds + 50) / 100
        if tenths < 600 { return "\(tenths / 10).\(tenths % 10) s" }
        let seconds = (milliseconds + 500) / 1_000
        if seconds < 3_600 { return pair(seconds / 60, "min", seconds % 60, "s") }
        let minutes = (seconds + 30) / 60
        if minutes < 1_440 { return pair(minutes / 60, "h", minutes % 60, "min") }
        let hours = (minutes + 30) / 60
        return pair(hours / 24, "d", hours % 24, "h")
    }

    /// Like `text`, without a fraction that is zero: `5 s`.
    static func tick(nanoseconds: UInt64) -> String {
        if nanoseconds == 0 { return "0 s" }
        if nanoseconds < 60_000_000_000, nanoseconds % 1_000_000_000 == 0 { return "\(nanoseconds / 1_000_000_000) s" }
        return text(nanoseconds: nanoseconds)
    }

    private static func pair(_ major: UInt64, _ majorUnit: String, _ minor: UInt64, _ minorUnit: String) -> String {
        minor == 0 ? "\(major) \(majorUnit)" : "\(major) \(majorUnit) \(minor) \(minorUnit)"
    }
}
