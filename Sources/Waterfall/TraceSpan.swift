public import OTLP

/// A span as far as it is needed for drawing.
public struct TraceSpan: Sendable, Equatable {
    public enum Status: Sendable, Equatable {
        case unset
        case ok
        case error
    }

    public var traceID: TraceID
    public var spanID: SpanID
    /// Zero for a root.
    public var parentID: SpanID
    /// `service.name` of the resource.
    public var service: String
    /// Name of the instrumentation scope.
    public var scope: String
    public var name: String
    /// Unix time in nanoseconds; 0 when unknown.
    public var start: UInt64
    /// Unix time in nanoseconds; may lie before `start` in bad data.
    public var end: UInt64
    public var status: Status
    public var statusMessage: String
    /// Attributes with a scalar value, as text.
    public var attributes: [String: String]

    public init(
        traceID: TraceID,
        spanID: SpanID,
        parentID: SpanID = SpanID(0),
        service: String,
        scope: String,
        name: String,
        start: UInt64,
        end: UInt64,
        status: Status = .unset,
        statusMessage: String = "",
        attributes: [String: String] = [:]
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.parentID = parentID
        self.service = service
        self.scope = scope
        self.name = name
        self.start = start
        self.end = end
        self.status = status
        self.statusMessage = statusMessage
        self.attributes = attributes
    }

    /// True for the spans that steptrace adds.
    public var isInjected: Bool { scope == "steptrace" }
    public var isFailed: Bool { status == .error }
    /// Nanoseconds; 0 for a span that ends before it starts.
    public var duration: UInt64 { end > start ? end - start : 0 }
}
