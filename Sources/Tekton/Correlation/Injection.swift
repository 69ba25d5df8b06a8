public import OTLP

/// Spans that the correlator has handed out. They are either sent, and `Correlator.confirm` is told so, or
/// `Correlator.giveBack` gets them back.
public struct Injection: Sendable, Equatable {
    struct Item: Sendable, Equatable {
        let taskRunUID: String
        let span: TektonSpan
        let dueSince: Duration
    }

    var items: [Item]

    /// So many spans make a batch of a few hundred kilobytes; what is due beyond goes with the next.
    static let limit = 1000

    var isFull: Bool { items.count >= Self.limit }

    public static let none = Injection(items: [])

    public var isEmpty: Bool { items.isEmpty }

    public var spans: [TektonSpan] { items.map(\.span) }

    /// The spans as fields of an ExportTraceServiceRequest, to be put behind a body or to be one.
    public func encoded(options: SpanOptions, version: String) throws(OTLPEncodingError) -> [UInt8] {
        var body: [UInt8] = []
        for resourceSpans in TektonSpan.resourceSpans(spans, options: options, version: version) {
            try ResourceSpansAppender.append(resourceSpans, to: &body)
        }
        return body
    }
}
