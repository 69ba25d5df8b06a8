internal import FoundationEssentials
public import OTLP

extension TraceSpan {
    /// All spans of decoded requests. Spans whose ids have the wrong length are left out.
    public static func spans(
        of resourceSpans: some Sequence<Opentelemetry_Proto_Trace_V1_ResourceSpans>
    ) -> [TraceSpan] {
        var spans: [TraceSpan] = []
        for resource in resourceSpans {
            let service = resource.resource.attributes.first { $0.key == "service.name" }?.value.text ?? ""
            for scope in resource.scopeSpans {
                spans += scope.spans.compactMap { TraceSpan($0, service: service, scope: scope.scope.name) }
            }
        }
        return spans
    }

    /// Nil when an id has the wrong length.
    init?(_ span: Opentelemetry_Proto_Trace_V1_Span, service: String, scope: String) {
        guard span.traceID.count == 16, span.spanID.count == 8, [0, 8].contains(span.parentSpanID.count) else {
            return nil
        }
        let status: Status =
            switch span.status.code {
            case .error: .error
            case .ok: .ok
            default: .unset
            }
        self.init(
            traceID: TraceID(high: span.traceID.prefix(8).bigEndianValue, low: span.traceID.suffix(8).bigEndianValue),
            spanID: SpanID(span.spanID.bigEndianValue),
            parentID: SpanID(span.parentSpanID.bigEndianValue),
            service: service,
            scope: scope,
            name: span.name,
            start: span.startTimeUnixNano,
            end: span.endTimeUnixNano,
            status: status,
            statusMessage: span.status.message,
            attributes: Dictionary(
                span.attributes.compactMap { attribute in attribute.value.text.map { (attribute.key, $0) } },
                uniquingKeysWith: { first, _ in first }
            )
        )
    }
}

extension Opentelemetry_Proto_Common_V1_AnyValue {
    /// The text of a scalar; nil for anything else.
    fileprivate var text: String? {
        switch value {
        case .stringValue(let text): text
        case .intValue(let number): String(number)
        case .boolValue(let flag): String(flag)
        case .doubleValue(let number): String(number)
        default: nil
        }
    }
}

extension Data {
    fileprivate var bigEndianValue: UInt64 {
        reduce(0) { $0 << 8 | UInt64($1) }
    }
}
