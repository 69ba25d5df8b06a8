public import OTLP

/// A trace arranged in rows: what is shown, in which order, how deep, and where on the common time axis.
///
/// Shown are the spans that steptrace added and the spans they hang on, failed spans, and the roots above them. The
/// other spans below a shown one are folded into one row, the last of its children; what hung on them and is shown
/// moves up to it. A trace with nothing to show shows its first root.
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
        case folded([Int], guides: [Bool])
    }

    private let tree: TraceTree
    private var isShown: [Bool]
    /// Some span in the subtree is shown, possibly this one.
    private var leadsToShown: [Bool]

    init(_ tree: TraceTree) {
        self.tree = tree
        isShown = tree.spans.map { $0.isInjected || $0.isFailed }
        for index in tree.spans.indices where tree.children[index].contains(where: { tree.spans[$0].isInjected }) {
            isShown[index] = true
        }
        leadsToShown = isShown
        for index in Self.depthFirstOrder(tree).reversed() where !leadsToShown[index] {
            leadsToShown[index] = tree.children[index].contains { leadsToShown[$0] }
        }
        for root in tree.roots where leadsToShown[root] { isShown[root] = true }
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
        var pending = Array(items(of: tree.roots, below: nil).reversed())
        while let item = pending.popLast() {
            switch item {
            case .span(let index, let guides):
                rows.append(row(index, guides))
                pending.append(contentsOf: items(of: tree.children[index], below: guides).reversed())
            case .folded(let indices, let guides):
                rows.append(row(folding: indices, guides))
            }
        }
        return rows
    }

    /// - Parameter parent: the guides of the parent; nil for roots.
    private func items(of siblings: [Int], below parent: [Bool]?) -> [Item] {
        var shown: [Int] = []
        var folded: [Int] = []
        var pending = Array(siblings.reversed())
        while let index = pending.popLast() {
            if isShown[index] {
                shown.append(index)
            } else {
                folded.append(index)
                pending.append(contentsOf: tree.children[index].reversed())
            }
        }
        func guides(followed: Bool) -> [Bool] {
            guard let parent else { return [] }
            return parent.count < Self.maxDepth ? parent + [followed] : parent
        }
        var items = shown.enumerated().map { position, index in
            Item.span(index, guides: guides(followed: position + 1 < shown.count || !folded.isEmpty))
        }
        if !folded.isEmpty { items.append(.folded(folded, guides: guides(followed: false))) }
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

    private func row(folding indices: [Int], _ guides: [Bool]) -> WaterfallLayout.Row {
        let spans = indices.map { tree.spans[$0] }
        let services = Set(spans.map(\.service))
        let start = spans.map { offset($0.start == 0 ? $0.end : $0.start) }.min() ?? 0
        let end = spans.map { offset($0.end) }.max() ?? 0
        return WaterfallLayout.Row(
            kind: .folded(count: spans.count),
            service: services.count == 1 ? services.first ?? "" : "",
            name: "\(spans.count) reconciler span\(spans.count == 1 ? "" : "s")",
            guides: guides,
            start: start,
            end: max(start, end),
            isFailed: false,
            note: nil
        )
    }
}
