import FoundationEssentials
import OTLP
import Testing

@testable import Waterfall

@Suite("Spans from OTLP messages")
struct TraceSpanOTLPTests {
    @Test("ids, times, status, service, scope and scalar attributes are read")
    func decoding() {
        var span = Opentelemetry_Proto_Trace_V1_Span()
        span.traceID = Data(Sample.traceID.bytes)
        span.spanID = Data(SpanID(2).bytes)
        span.parentSpanID = Data(SpanID(0x0102_0304_0506_0708).bytes)
        span.name = "step build"
        span.startTimeUnixNano = 5
        span.endTimeUnixNano = 9
        span.status.code = .error
        span.status.message = "failed"
        span.attributes = [
            attribute("process.exit.code") { $0.intValue = 3 }, attribute("list") { $0.arrayValue = .init() },
        ]
        var short = span
        short.spanID = Data([1, 2])
        var scope = Opentelemetry_Proto_Trace_V1_ScopeSpans()
        scope.scope.name = "steptrace"
        scope.spans = [span, short]
        var resource = Opentelemetry_Proto_Trace_V1_ResourceSpans()
        resource.resource.attributes = [attribute("service.name") { $0.stringValue = "tekton-steps" }]
        resource.scopeSpans = [scope]

        let expected = TraceSpan(
            traceID: Sample.traceID,
            spanID: SpanID(2),
            parentID: SpanID(0x0102_0304_0506_0708),
            service: "tekton-steps",
            scope: "steptrace",
            name: "step build",
            start: 5,
            end: 9,
            status: .error,
            statusMessage: "failed",
            attributes: ["process.exit.code": "3"]
        )
        #expect(TraceSpan.spans(of: [resource]) == [expected])
    }

    private func attribute(
        _ key: String,
        _ set: (inout Opentelemetry_Proto_Common_V1_AnyValue) -> Void
    ) -> Opentelemetry_Proto_Common_V1_KeyValue {
        var attribute = Opentelemetry_Proto_Common_V1_KeyValue()
        attribute.key = key
        set(&attribute.value)
        return attribute
    }
}
