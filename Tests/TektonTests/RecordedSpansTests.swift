import FoundationEssentials
import Kubernetes
import Testing

@testable import Tekton

@Suite("Spans of recorded runs")
struct RecordedSpansTests {
    /// The expected texts were read line by line against SPANS.md and the recording. `STEPTRACE_UPDATE_FIXTURES=1`
    /// writes them anew; look at the difference then.
    @Test("The last facts of every recording give the spans that were found right", arguments: Recording.scenarios)
    func finalSpans(scenario: String) throws {
        let recording = try Recording(scenario)
        let spans = Explanation(ExplainedObjects(recording.changes.map(\.change))).spans
        let epoch = KubernetesTime(unixNanoseconds: (recording.changes[0].time / 1_000_000_000) * 1_000_000_000)
        let text = SpanText.render(spans, since: epoch) + "\n"
        let url = URL(filePath: Fixtures.path("spans/\(scenario).txt"))
        if ProcessInfo.processInfo.environment["STEPTRACE_UPDATE_FIXTURES"] == "1" {
            try text.write(to: url, atomically: true, encoding: .utf8)
        }
        #expect(try String(contentsOf: url, encoding: .utf8) == text)
    }
}
