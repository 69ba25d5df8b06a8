import FoundationEssentials
import OTLP
import SwiftProtobuf

let scanner = SpanScanner(
    taskRunKeys: ["taskrun", "tekton.task_run.name"],
    namespaceKeys: ["namespace", "k8s.namespace.name"]
)

/// A span as scanner and reference are compared: with the text instead of its place.
struct SpanFacts: Equatable {
    var traceID = TraceID(high: 0, low: 0)
    var spanID = SpanID(0)
    var parentSpanID = SpanID(0)
    var name = ""
    var taskRun: String?
    var namespace: String?
}

/// What the scanner makes of `bytes`.
func scanned(_ bytes: RawSpan) -> Result<[SpanFacts], OTLPDecodingError> {
    func text(_ range: Range<Int>) -> String {
        bytes.withUnsafeBytes { String(decoding: $0[range], as: UTF8.self) }
    }
    var spans: [SpanFacts] = []
    do {
        let count = try scanner.scan(bytes) { span in
            spans.append(
                SpanFacts(
                    traceID: span.traceID,
                    spanID: span.spanID,
                    parentSpanID: span.parentSpanID,
                    name: text(span.name),
                    taskRun: span.taskRun.map(text),
                    namespace: span.namespace.map(text)
                )
            )
        }
        precondition(count == spans.count)
        return .success(spans)
    } catch {
        return .failure(error)
    }
}

func scanned(_ bytes: [UInt8]) -> Result<[SpanFacts], OTLPDecodingError> {
    scanned(bytes.span.bytes)
}

/// The same, computed from the messages that swift-protobuf decodes.
func reference(_ request: Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest) -> [SpanFacts] {
    request.resourceSpans.flatMap { resourceSpans in
        resourceSpans.scopeSpans.flatMap(\.spans).map { span in
            let namespaceKeys = ["namespace", "k8s.namespace.name"]
            return SpanFacts(
                traceID: TraceID(hex: hex(span.traceID)) ?? TraceID(high: 0, low: 0),
                spanID: SpanID(hex: hex(span.spanID)) ?? SpanID(0),
                parentSpanID: SpanID(hex: hex(span.parentSpanID)) ?? SpanID(0),
                name: span.name,
                taskRun: first(of: ["taskrun", "tekton.task_run.name"], in: span.attributes),
                namespace: first(of: namespaceKeys, in: span.attributes)
                    ?? first(of: namespaceKeys, in: resourceSpans.resource.attributes)
            )
        }
    }
}

private func first(of keys: [String], in attributes: [Opentelemetry_Proto_Common_V1_KeyValue]) -> String? {
    for key in keys {
        for attribute in attributes where attribute.key == key && !attribute.value.stringValue.isEmpty {
            return attribute.value.stringValue
        }
    }
    return nil
}

private func hex(_ bytes: Data) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0" + digits : digits
    }.joined()
}
