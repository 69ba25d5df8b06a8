public import OTLP

/// A trace arranged in rows: what is shown, in which order, how deep, and where on the common time axis.
///
/// Shown are the spans that steptrace added, failed spans, and the ancestors of both. All others are folded: one row
/// for each run of them among the children of a shown span. A trace with nothing to show shows its first root.
public struct WaterfallLayout: Sendable, Equatable {
    public struct Row: Sendable, Equatable {
        public enum Kind: Sendable, Equatable {
            /// A span that steptrace added.
            case injected
            /// A span of the sender's own.
            case original
            /// So many of the sender's own spans.
            case folded(count: Int)
        }

        public let kind: Kind
        public let service: String
        /// The span's name; of folded spans what they are.
        public let name: String
        /// For each level from the first below the root down to this row: does a sibling follow? Bounded in length.
        public let guides: [Bool]
        /// Nanoseconds since the start of the trace.
        public let start: UInt64
        /// Nanoseconds since the start of the trace, not before `start`.
        public let end: UInt64
        public let isFailed: Bool
        /// Why it failed or was skipped.
        public let note: String?
    }

    public let traceID: TraceID
    public let spanCount: Int
    public let injectedCount: Int
    /// Length of the time axis in nanoseconds.
    public let duration: UInt64
    public let rows: [Row]

    public init(_ tree: TraceTree) {
        traceID = tree.traceID
        spanCount = tree.spans.count
        injectedCount = tree.injectedCount
        duration = tree.duration
        rows = RowBuilder(tree).rows()
    }
}

/// Walks a tree without recursion, as its depth is the sender's to choose.
private struct RowBuilder {
    /// Deeper rows are drawn at this depth.
    private static let maxDepth = 32

    private enum Item {
        case span(Int, guides: [Bool])
        case folded(ArraySlice<Int>, guides: [Bool])
    }

    private let tree: TraceTree
    private var isShown: [Bool]
    /// Spans in the subtree of each span, itself included.
    private var sizes: [Int]

    init(_ tree: TraceTree) {
        self.tree = tree
        isShown = tree.spans.map { $0.isInjected || $0.isFailed }
        sizes = [Int](repeating: 1, count: tree.spans.count)
        for index in Self.depthFirstOrder(tree).reversed() {
            for child in tree.children[index] {
                sizes[index] += sizes[child]
                if isShown[child] { isShown[index] = true }
            }
        }
        if let root = tree.roots.first, !isShown.contains(true) { isShown[root] = true }
    }

    private static func depthFirstOrder(_ tree: TraceTree) -> [Int] {
        var order: [Int] = []
        var pending = tree.roots
        while let index = pending.popLast() {
            order.append(index)
            pending.append(contentsOf: tree.children[index])
        }
        return order
    }

    func rows() -> [WaterfallLayout.Row] {
        var rows: [WaterfallLayout.Row] = []
        var pending = Array(items(of: tree.roots[...], below: nil).reversed())
        while let item = pending.popLast() {
            switch item {
            case .span(let index, let guides):
                rows.append(row(index, guides))
                pending.append(contentsOf: items(of: tree.children[index][...], below: guides).reversed())
            case .folded(let indices, let guides):
                rows.append(row(folding: indices, guides))
            }
        }
        return rows
    }

    /// - Parameter parent: the guides of the parent; nil for roots.
    private func items(of siblings: ArraySlice<Int>, below parent: [Bool]?) -> [Item] {
        func guides(followed: Bool) -> [Bool] {
            guard let parent else { return [] }
            return parent.count < Self.maxDepth ? parent + [followed] : parent
        }
        var items: [Item] = []
        var rest = siblings
        while let first = rest.first {
            if isShown[first] {
                rest = rest.dropFirst()
                items.append(.span(first, guides: guides(followed: !rest.isEmpty)))
            } else {
                let run = rest.prefix { !isShown[$0] }
                rest = rest.dropFirst(run.count)
                items.append(.folded(run, guides: guides(followed: !rest.isEmpty)))
            }
        }
        return items
    }

    private func offset(_ time: UInt64) -> UInt64 {
        time > tree.start ? time - tree.start : 0
    }

    private func row(_ index: Int, _ guides: [Bool]) -> WaterfallLayout.Row {
        let span = tree.spans[index]
        // A span of unknown start is drawn at its end.
        let start = offset(span.start == 0 ? span.end : span.start)
        return WaterfallLayout.Row(
            kind: span.isInjected ? .injected : .original,
            service: span.service,
            name: span.name,
            guides: guides,
            start: start,
            end: max(start, offset(span.end)),
            isFailed: span.isFailed,
            note: SpanNote.text(for: span)
        )
    }

    private func row(folding indices: ArraySlice<Int>, _ guides: [Bool]) -> WaterfallLayout.Row {
        var services: Set<String> = []
        var start = UInt64.max
        var end: UInt64 = 0
        var pending = Array(indices)
        while let index = pending.popLast() {
            let span = tree.spans[index]
            services.insert(span.service)
            start = min(start, offset(span.start == 0 ? span.end : span.start))
            end = max(end, offset(span.end))
            pending.append(contentsOf: tree.children[index])
        }
        let count = indices.reduce(0) { $0 + sizes[$1] }
        return WaterfallLayout.Row(
            kind: .folded(count: count),
            service: services.count == 1 ? services.first ?? "" : "",
            name: "\(count) reconciler span\(count == 1 ? "" : "s")",
            guides: guides,
            start: start,
            end: max(start, end),
            isFailed: false,
            note: nil
        )
    }
}
