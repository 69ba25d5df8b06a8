/// What a ``SpanScanner`` tells of one span. Ranges count from the start of the scanned bytes.
public struct ScannedSpan: Hashable, Sendable {
    /// Invalid when the span has none.
    public let traceID: TraceID
    /// Invalid when the span has none.
    public let spanID: SpanID
    /// Invalid for a root span.
    public let parentSpanID: SpanID
    /// Where the name is; UTF-8, empty when the span has none.
    public let name: Range<Int>
    /// Where the name of the TaskRun is; UTF-8 and never empty. Nil when no attribute gives it.
    public let taskRun: Range<Int>?
    /// Where the namespace is; UTF-8 and never empty. Nil when neither the span nor its resource gives it.
    public let namespace: Range<Int>?
}
