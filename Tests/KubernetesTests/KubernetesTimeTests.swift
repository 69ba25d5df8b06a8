import FoundationEssentials
import Kubernetes
import Testing

@Suite struct KubernetesTimeTests {
    @Test(
        "reads whole seconds, fractions and offsets",
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-23T08:26:43Z", 1_795_422_403_000_000_000),
            ("2026-11-23T08:26:47.084Z", 1_795_422_407_084_000_000),
            ("2026-11-23T08:26:47.084512Z", 1_795_422_407_084_512_000),
            ("2026-11-23T08:26:47.084512999Z", 1_795_422_407_084_512_999),
            ("2026-11-23T10:26:43+02:00", 1_795_422_403_000_000_000),
            ("2026-11-23T02:56:43-05:30", 1_795_422_403_000_000_000),
            ("1969-12-31T23:59:59.5Z", -500_000_000),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000_000_000),
            ("2000-02-29T12:00:00Z", 951_825_600_000_000_000),
            ("2261-12-31T23:59:59.999999999-23:59", 9_214_732_739_999_999_999),
            ("1678-01-01T00:00:00+23:59", -9_214_646_340_000_000_000),
        ] as [(String, Int64)]
    )
    func valid(text: String, nanoseconds: Int64) {
        #expect(KubernetesTime(text)?.unixNanoseconds == nanoseconds)
    }

    @Test(
        "refuses everything else",
        arguments: [
            "", "Z", "2026-11-23", "2026-11-23T08:26:43", "2026-11-23 08:26:43Z", "2026-11-23T08:26:43z",
            "2026-11-23T08:26:43.Z", "2026-11-23T08:26:43.0123456789Z", "2026-11-23T08:26:43Z ",
            " 2026-11-23T08:26:43Z",
            "2026-13-23T08:26:43Z", "2026-00-23T08:26:43Z", "2026-11-31T08:26:43Z", "2025-02-29T08:26:43Z",
            "1900-02-29T08:26:43Z", "2026-11-23T24:00:00Z", "2026-11-23T08:60:00Z", "2026-11-23T08:26:60Z",
            "2026-11-23T08:26:43+0100", "2026-11-23T08:26:43+24:00", "2026-11-23T08:26:43+01:60", "26-11-23T08:26:43Z",
            "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "+026-11-23T08:26:43Z", "2026-1\u{661}-23T08:26:43Z",
        ]
    )
    func invalid(text: String) {
        #expect(KubernetesTime(text) == nil)
    }

    /// Arithmetic with some months to both sides does not overflow.
    @Test(
        "a time out of range is the end of the range where it is asked for so",
        arguments: [
            ("0001-01-01T00:00:00Z", -9_214_646_340_000_000_000),
            ("0000-01-01T00:00:00+23:59", -9_214_646_340_000_000_000),
            ("1677-12-31T23:59:59.9Z", -9_214_646_340_000_000_000),
            ("1678-01-01T00:00:00+23:59", -9_214_646_340_000_000_000),
            ("2026-11-23T08:26:43.5Z", 1_795_422_403_500_000_000),
            ("2261-12-31T23:59:59.999999999-23:59", 9_214_732_739_999_999_999),
            ("2262-01-01T00:00:00Z", 9_214_732_739_999_999_999),
            ("9999-12-31T23:59:59.999999999-23:59", 9_214_732_739_999_999_999),
        ] as [(String, Int64)]
    )
    func clamped(text: String, nanoseconds: Int64) {
        #expect(KubernetesTime(clamping: text)?.unixNanoseconds == nanoseconds)
    }

    @Test func whatIsNoTimeIsNotClamped() {
        for text in ["9999-13-01T00:00:00Z", "2262-02-30T00:00:00Z", "0001-01-01", "10000-01-01T00:00:00Z", ""] {
            #expect(KubernetesTime(clamping: text) == nil)
        }
    }

    @Test func roundTripsEveryDayOfAFewCenturies() throws {
        // Days in order must be 86400 s apart: an independent check of the calendar.
        var expected = try #require(KubernetesTime("1880-01-01T00:00:00Z")).unixNanoseconds
        let lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        for year in 1880...2120 {
            let isLeap = year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
            for month in 1...12 {
                for day in 1...(lengths[month - 1] + (month == 2 && isLeap ? 1 : 0)) {
                    let text = "\(year)-\(twoDigits(month))-\(twoDigits(day))T00:00:00Z"
                    #expect(KubernetesTime(text)?.unixNanoseconds == expected, "\(text)")
                    expected += 86_400_000_000_000
                }
            }
        }
    }

    @Test func decodesFromJSONAndSaysWhatIsWrong() throws {
        let decoder = JSONDecoder()
        let times = try decoder.decode([KubernetesTime?].self, from: Data(#"["1970-01-01T00:00:01Z", null]"#.utf8))
        #expect(times == [KubernetesTime(unixNanoseconds: 1_000_000_000), nil])
        // A credential that is to be good for ever.
        let last = try decoder.decode([KubernetesTime].self, from: Data(#"["9999-12-31T23:59:59Z"]"#.utf8))
        #expect(last == [KubernetesTime(unixNanoseconds: 9_214_732_739_999_999_999)])
        let error = #expect(throws: DecodingError.self) {
            try decoder.decode([KubernetesTime].self, from: Data(#"["yesterday"]"#.utf8))
        }
        #expect(error.map { "\($0)" }?.contains("'yesterday' is not an RFC 3339 time") == true)
    }

    private func twoDigits(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }
}
