import Collector
import Components
import FoundationEssentials
import Testing

@Suite struct MetricsReferenceTests {
    @Test func thePageHasWhatTheCodeHas() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = String(decoding: try Data(contentsOf: root.appending(path: "docs/operations.md")), as: UTF8.self)
        let begin = try #require(page.firstRange(of: "<!-- metrics: begin -->\n"))
        let end = try #require(page.firstRange(of: "<!-- metrics: end -->"))
        #expect(
            String(page[begin.upperBound..<end.lowerBound]) == MetricsReference.markdown(),
            "run Scripts/render-configuration-docs"
        )
    }

    @Test func namesAreUniqueAndWellFormed() {
        let metrics = MetricsReference.sections.flatMap(\.metrics)
        #expect(Set(metrics.map(\.name)).count == metrics.count)
        for metric in metrics {
            #expect(metric.name.hasPrefix("otelcol_") || metric.name.hasPrefix("steptrace_"), "\(metric.name)")
            #expect(!metric.name.hasSuffix("_total"), "\(metric.name)")
            #expect(metric.help.hasSuffix("."), "\(metric.name)")
        }
    }
}
