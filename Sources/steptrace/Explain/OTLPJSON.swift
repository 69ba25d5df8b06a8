import FoundationEssentials
import OTLP
import SwiftProtobuf

/// OTLP's JSON (opentelemetry-proto `docs/specification.md`, "JSON Protobuf Encoding"): proto3 JSON, but ids in hex and
/// enums as numbers.
enum OTLPJSON {
    static func text(_ resourceSpans: [Opentelemetry_Proto_Trace_V1_ResourceSpans]) throws -> String {
        var request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest()
        request.resourceSpans = resourceSpans
        var options = JSONEncodingOptions()
        options.alwaysPrintEnumsAsInts = true
        var text = try request.jsonString(options: options)
        let spans = resourceSpans.flatMap(\.scopeSpans).flatMap(\.spans)
        var ids: [String: String] = [:]
        for span in spans {
            for (key, id) in [("traceId", span.traceID), ("spanId", span.spanID), ("parentSpanId", span.parentSpanID)] {
                ids["\"\(key)\":\"\(id.base64EncodedString())\""] = "\"\(key)\":\"\(hex(id))\""
            }
        }
        // A quote inside of a string is escaped, so that this finds keys only.
        for (base64, hex) in ids { text = text.replacing(base64, with: hex) }
        return text
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
