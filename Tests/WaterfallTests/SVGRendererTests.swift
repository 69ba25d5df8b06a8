import OTLP
import Testing

@testable import Waterfall

@Suite("The waterfall as SVG")
struct SVGRendererTests {
    @Test("one bar per row, failures in their own class, nothing fetched from elsewhere")
    func bars() {
        let svg = SVGRenderer().render(TraceTree.trees(of: Sample.stepFails))
        #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\""))
        #expect(svg.hasSuffix("</svg>\n"))
        #expect(svg.ranges(of: "<rect class=\"injected\"").count == 3)
        #expect(svg.ranges(of: "<rect class=\"failed\"").count == 2)
        #expect(svg.ranges(of: "<rect class=\"folded\"").count == 1)
        #expect(svg.contains(">5.8 s  exit code 3</text>"))
        #expect(svg.contains("prefers-color-scheme: dark"))
        #expect(!svg.contains("href"))
    }

    @Test("names are text, never markup")
    func escaping() {
        let name = "</text><script>alert('&\"')</script>\u{0}<\u{301}b>"
        let svg = SVGRenderer(width: 4_000).render(TraceTree.trees(of: [Sample.span(1, name, 0...1)]))
        #expect(!svg.contains("<script"))
        #expect(!svg.unicodeScalars.contains("\u{0}"))
        #expect(svg.contains("&lt;script&gt;alert(&#39;&amp;&quot;&#39;)"))
        let scalars = Array(svg.unicodeScalars)
        #expect(!scalars.indices.contains { scalars[$0] == "<" && scalars[$0 + 1] == "\u{301}" })
    }
}
