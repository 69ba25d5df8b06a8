import OTLP
import Testing

@testable import Waterfall

@Suite("Who is whose child")
struct TraceTreeTests {
    @Test("spans whose parent is not there, or who are their own, become roots")
    func orphans() {
        let trees = TraceTree.trees(of: [
            Sample.span(1, parent: 99, "orphan", 5...6), Sample.span(2, parent: 2, "own parent", 0...1),
            Sample.span(3, parent: 1, "child", 5...6),
        ])
        #expect(trees.count == 1)
        #expect(trees[0].roots.map { trees[0].spans[$0].name } == ["own parent", "orphan"])
    }

    @Test("circles of parents are cut at their earliest span, and every span is reached once")
    func circles() {
        let spans = [
            Sample.span(1, parent: 3, "b", 2...3), Sample.span(2, parent: 1, "c", 3...4),
            Sample.span(3, parent: 2, "a", 1...2), Sample.span(4, parent: 3, "below", 0...1),
            Sample.span(5, parent: 6, "x", 7...8), Sample.span(6, parent: 5, "y", 9...10),
        ]
        let tree = TraceTree.trees(of: spans)[0]
        #expect(tree.roots.map { tree.spans[$0].name } == ["a", "x"])
        #expect((tree.roots + tree.children.flatMap { $0 }).sorted() == Array(0..<6))
    }

    @Test("random parents never hang it and lose no span", arguments: [UInt64(1), 7, 42])
    func randomParents(seed: UInt64) {
        var state = seed
        func next(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        for _ in 0..<200 {
            let count = next(40) + 1
            let spans = (1...count).map { Sample.span($0, parent: next(count + 2), "s", next(50)...50) }
            let tree = TraceTree.trees(of: spans)[0]
            #expect((tree.roots + tree.children.flatMap { $0 }).sorted() == Array(0..<Int(count)), "seed \(seed)")
        }
    }

    @Test("a chain twenty thousand deep is walked and drawn")
    func deepChain() {
        let spans = (1...20_000).map { Sample.span($0, parent: $0 - 1, "s", 0...1) }
        let tree = TraceTree.trees(of: spans)[0]
        #expect(tree.roots.count == 1)
        #expect(WaterfallLayout(tree).rows.count == 20_000)
    }

    @Test("a span that came twice counts once, and traces are told apart and ordered by start")
    func copiesAndTraces() {
        var other = Sample.span(1, "other", 0...1)
        other.traceID = TraceID(high: 1, low: 1)
        let trees = TraceTree.trees(
            of: Sample.stepFails.map { span in
                var later = span
                later.start += 1
                return later
            } + Sample.stepFails + [other]
        )
        #expect(trees.map(\.spans.count) == [1, Sample.stepFails.count])
        #expect(trees[1].injectedCount == 5)
    }

    @Test("the axis runs from the first known start to the last end")
    func bounds() {
        var unknown = Sample.span(1, "unknown start", 0...5)
        unknown.start = 0
        var negative = Sample.span(2, "ends before it starts", 7...7)
        negative.end = 1
        let tree = TraceTree.trees(of: [unknown, negative])[0]
        #expect(tree.duration == 0)
        let rows = WaterfallLayout(tree).rows
        #expect(rows.map(\.start) == [0, 0])
        #expect(rows.allSatisfy { $0.end == $0.start })
    }
}
