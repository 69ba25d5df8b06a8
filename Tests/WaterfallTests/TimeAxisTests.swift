import Testing

@testable import Waterfall

@Suite("The time axis")
struct TimeAxisTests {
    @Test(
        "durations as people read them",
        arguments: [
            (0, "0 ms"), (49_999, "0 ms"), (50_000, "0.1 ms"), (300_000, "0.3 ms"), (999_999, "1 ms"),
            (1_000_000, "1 ms"), (320_400_000, "320 ms"), (999_499_999, "999 ms"), (999_500_000, "1.0 s"),
            (1_949_000_000, "1.9 s"), (1_950_000_000, "2.0 s"), (59_949_000_000, "59.9 s"), (59_950_000_000, "1 min"),
            (125_000_000_000, "2 min 5 s"), (3_599_600_000_000, "1 h"), (3_900_000_000_000, "1 h 5 min"),
            (183_600_000_000_000, "2 d 3 h"), (UInt64.max, "213504 d"),
        ] as [(UInt64, String)]
    )
    func durations(nanoseconds: UInt64, expected: String) {
        #expect(DurationText.text(nanoseconds: nanoseconds) == expected)
    }

    @Test(
        "ticks are round, few, and within the axis",
        arguments: [0, 1, 999, 17_600_000_000, 86_400_000_000_001, UInt64.max]
    )
    func ticks(duration: UInt64) {
        let ticks = TimeAxis(duration: duration).ticks(atMost: 5)
        #expect(ticks.first == 0)
        #expect(ticks.count <= 6)
        #expect(ticks.allSatisfy { $0 <= duration })
    }

    @Test("a recorded run's ticks")
    func recordedTicks() {
        #expect(TimeAxis(duration: 17_600_000_000).ticks(atMost: 5).map { $0 / 1_000_000_000 } == [0, 5, 10, 15])
    }

    @Test("bars have at least one cell and stay inside, at any scale")
    func cells() {
        for duration in [0, 1, 7, 1_000, UInt64.max] {
            let axis = TimeAxis(duration: duration)
            for (start, end) in [(0, 0), (0, duration), (duration, duration), (duration / 2, duration / 3)] {
                let cells = axis.cells(from: start, to: end, in: 40)
                #expect(!cells.isEmpty)
                #expect(cells.lowerBound >= 0 && cells.upperBound <= 40)
            }
        }
        #expect(TimeAxis(duration: 100).cells(from: 25, to: 50, in: 40) == 10..<20)
        #expect(TimeAxis(duration: 100).cells(from: 0, to: 100, in: 40) == 0..<40)
    }
}

@Suite("Text in columns")
struct DisplayTextTests {
    @Test("wide, combining and plain characters are measured as terminals do")
    func widths() {
        #expect(DisplayText.width("abc") == 3)
        #expect(DisplayText.width("\u{6F22}\u{5B57}") == 4)
        #expect(DisplayText.width("e\u{301}") == 1)
        #expect(DisplayText.width("\u{1F680}") == 2)
        #expect(DisplayText.width("\u{2588}") == 1)
    }

    @Test("text is filled up or cut to the exact width")
    func fitting() {
        #expect(DisplayText.fitted("abc", to: 5, ellipsis: "~") == "abc  ")
        #expect(DisplayText.fitted("abcdef", to: 5, ellipsis: "~") == "abcd~")
        #expect(DisplayText.fitted("\u{6F22}\u{5B57}\u{6F22}", to: 4, ellipsis: "~") == "\u{6F22}~ ")
        #expect(DisplayText.fitted("abc", to: 0, ellipsis: "~") == "")
    }
}
