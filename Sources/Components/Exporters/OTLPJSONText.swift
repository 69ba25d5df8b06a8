import FoundationEssentials
import OTLP
import SwiftProtobuf

/// OTLP's JSON (opentelemetry-proto `docs/specification.md`, "JSON Protobuf Encoding"): proto3 JSON, but ids in hex and
/// enums as numbers.
enum OTLPJSONText {
    private typealias Request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest

    /// An encoded ExportTraceServiceRequest as JSON, on one line without a line feed.
    static func encode(_ bytes: [UInt8]) throws -> [UInt8] {
        var request = try Request(serializedBytes: bytes)
        for resource in request.resourceSpans.indices {
            for scope in request.resourceSpans[resource].scopeSpans.indices {
                for span in request.resourceSpans[resource].scopeSpans[scope].spans.indices {
                    hex(&request.resourceSpans[resource].scopeSpans[scope].spans[span])
                }
            }
        }
        var options = JSONEncodingOptions()
        options.alwaysPrintEnumsAsInts = true
        return try request.jsonUTF8Bytes(options: options)
    }

    private static func hex(_ span: inout Opentelemetry_Proto_Trace_V1_Span) {
        span.traceID = disguised(span.traceID)
        span.spanID = disguised(span.spanID)
        span.parentSpanID = disguised(span.parentSpanID)
        for link in span.links.indices {
            span.links[link].traceID = disguised(span.links[link].traceID)
            span.links[link].spanID = disguised(span.links[link].spanID)
        }
    }

    /// The bytes whose base64 is the id's hex: JSON's encoder writes bytes as base64. Ids have 8 or 16 bytes, thus 16 or 32
    /// digits, all of base64's alphabet: there is no padding.
    private static func disguised(_ id: Data) -> Data {
        let digits = Array("0123456789abcdef".utf8)
        let text = id.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return Data(base64Encoded: String(decoding: text, as: UTF8.self)) ?? id
    }
}
