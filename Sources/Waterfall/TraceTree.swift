public import OTLP

/// The spans of one trace and who is whose child. A forest: every span is reached from exactly one root.
public struct TraceTree: Sendable {
    public let traceID: TraceID
    /// Each span id once, ordered by start (in the order of a pod's life where that is the same), end, name and id.
    public let spans: [TraceSpan]
    /// Indices of the children of each span, in the order of `spans`.
    public let children: [[Int]]
    /// Spans without a parent, spans whose parent is not here, and one span of every circle of parents.
    public let roots: [Int]
    /// The first start, unix time in nanoseconds. Unknown (zero) starts do not count.
    public let start: UInt64
    /// The last end, never before `start`.
    public let end: UInt64

    public var duration: UInt64 { end - start }
    public var injectedCount: Int { spans.count { $0.isInjected } }

    /// One tree per trace id, ordered by start (then id). Of several spans of the same id the first counts, as in Jaeger.
    public static func trees(of spans: some Sequence<TraceSpan>) -> [TraceTree] {
        var traces: [TraceID: [SpanID: TraceSpan]] = [:]
        for span in spans where traces[span.traceID]?[span.spanID] == nil {
            traces[span.traceID, default: [:]][span.spanID] = span
        }
        return
            traces
            .map { TraceTree(traceID: $0.key, spans: Array($0.value.values)) }
            .sorted { ($0.start, $0.traceID.hex) < ($1.start, $1.traceID.hex) }
    }

    /// - Parameter spans: spans of this trace, each id once.
    init(traceID: TraceID, spans: [TraceSpan]) {
        let spans = spans.sorted {
            ($0.start, $0.rank, $0.end, $0.name, $0.spanID.value) < (
                $1.start, $1.rank, $1.end, $1.name, $1.spanID.value
            )
        }
        let indices = Dictionary(spans.indices.map { (spans[$0].spanID, $0) }, uniquingKeysWith: { first, _ in first })
        var parents: [Int?] = spans.enumerated().map { index, span in
            span.parentID.isValid ? indices[span.parentID].flatMap { $0 == index ? nil : $0 } : nil
        }
        Self.cutCircles(in: &parents)

        var children = [[Int]](repeating: [], count: spans.count)
        var roots: [Int] = []
        for (index, parent) in parents.enumerated() {
            if let parent {
                children[parent].append(index)
            } else {
                roots.append(index)
            }
        }
        self.traceID = traceID
        self.spans = spans
        self.children = children
        self.roots = roots
        start = spans.lazy.filter { $0.start > 0 }.map(\.start).min() ?? 0
        end = max(start, spans.lazy.map(\.end).max() ?? 0)
    }

    /// Makes the earliest span of every circle of parents a root, so that a walk from the roots reaches all and ends.
    private static func cutCircles(in parents: inout [Int?]) {
        /// The walk in which a span was met first.
        var walks = [Int?](repeating: nil, count: parents.count)
        for start in parents.indices {
            var index = start
            while walks[index] == nil, let parent = parents[index] {
                walks[index] = start
                index = parent
            }
            guard walks[index] == start, parents[index] != nil else { continue }
            // The walk has come back to where it was: `index` lies on a circle.
            var earliest = index
            var next = parents[index]
            while let current = next, current != index {
                earliest = min(earliest, current)
                next = parents[current]
            }
            parents[earliest] = nil
        }
    }
}

extension TraceSpan {
    /// Whole-second times make a pod's first spans start together: the order in which they happen.
    fileprivate var rank: Int {
        guard isInjected else { return 0 }
        return ["TaskRun", "schedule", "pull ", "init "].firstIndex { name.hasPrefix($0) } ?? 4
    }
}
