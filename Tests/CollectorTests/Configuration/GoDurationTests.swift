import Testing

@testable import Collector

@Suite struct GoDurationTests {
    @Test(arguments: [
        ("0", Duration.zero), ("0s", .zero), ("300ms", .milliseconds(300)), ("1.5h", .seconds(5400)),
        ("1m30s", .seconds(90)), ("2h45m", .seconds(9900)), (".5s", .milliseconds(500)), ("1.s", .seconds(1)),
        ("100us", .microseconds(100)), ("100\u{B5}s", .microseconds(100)), ("7ns", .nanoseconds(7)),
        ("-5s", .seconds(-5)), ("+5s", .seconds(5)), ("0.000000001s", .nanoseconds(1)),
        ("0.33333333333333333333h", .nanoseconds(1_199_999_999_999)),
        ("9223372036854775807ns", .nanoseconds(Int64.max)),
    ])
    func readsWhatGoReads(text: String, duration: Duration) {
        #expect(GoDuration.parse(text) == duration)
    }

    @Test(arguments: [
        "", "5", "s", ".s", "5 s", "5sec", "5d", "1m30", "--5s", "-", "1e3s", "5S", "9223372036854775808ns",
        "99999999999999999999s", "2562048h", "1\u{301}s", "\u{0665}s", "nan", "1..5s",
    ])
    func refusesWhatGoRefuses(text: String) {
        #expect(GoDuration.parse(text) == nil)
    }

    @Test(arguments: [
        (Duration.zero, "0s"), (.seconds(5), "5s"), (.seconds(90), "1m30s"), (.seconds(300), "5m"),
        (.milliseconds(300), "300ms"), (.milliseconds(1500), "1.5s"), (.microseconds(1500), "1.5ms"),
        (.nanoseconds(1), "1ns"), (.nanoseconds(1001), "1.001us"), (.seconds(3600), "1h"),
        (.seconds(3661), "1h1m1s"), (.seconds(-90), "-1m30s"), (.milliseconds(60_050), "1m0.05s"),
    ])
    func writesShortly(duration: Duration, text: String) {
        #expect(GoDuration.format(duration) == text)
    }

    @Test func readsWhatItWrites() {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let bits = Int.random(in: 1..<63, using: &random)
            let duration = Duration.nanoseconds(Int64.random(in: 0..<(1 << bits), using: &random))
            #expect(GoDuration.parse(GoDuration.format(duration)) == duration, "\(duration)")
        }
    }
}
