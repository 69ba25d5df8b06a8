import OTLP
import Replay

/// What a backend got, compared with what it should have got.
struct DemoVerdict {
    /// Spans that were sent in and did not come out unchanged, and spans that should have been added and were not.
    let lost: [RawSpan]
    let missing: [RawSpan]
    /// Spans that came out more often than they should, or that nobody expected.
    let surplus: [RawSpan]
    let sentCount: Int
    let expectedCount: Int

    init(sent: [RawSpan], expected: [RawSpan], received: [RawSpan]) {
        var open: [RawSpan: Int] = [:]
        for span in sent + expected { open[span, default: 0] += 1 }
        var surplus: [RawSpan] = []
        for span in received {
            if let count = open[span], count > 0 {
                open[span] = count - 1
            } else {
                surplus.append(span)
            }
        }
        let rest = open.flatMap { Array(repeating: $0.key, count: $0.value) }
        lost = rest.filter { !$0.isInjected }
        missing = rest.filter(\.isInjected)
        self.surplus = surplus
        sentCount = sent.count
        expectedCount = expected.count
    }

    var isGood: Bool { lost.isEmpty && missing.isEmpty && surplus.isEmpty }

    /// One line where all is well, else what is wrong.
    var text: String {
        guard !isGood else {
            return "All \(sentCount) spans of Tekton's came out once and unchanged, and with them exactly the "
                + "\(expectedCount) that were to be added.\n"
        }
        return Self.list("spans of Tekton's did not come out unchanged", lost)
            + Self.list("spans should have been added and were not", missing)
            + Self.list("spans came out that were not expected, or more than once", surplus)
    }

    private static func list(_ title: String, _ spans: [RawSpan]) -> String {
        guard !spans.isEmpty else { return "" }
        let names = spans.map(\.message.name).sorted()
        let shown = names.prefix(20).map { "  \($0)\n" }.joined()
        return "\(names.count) \(title):\n\(shown)" + (names.count > 20 ? "  ...\n" : "")
    }
}
