import FoundationEssentials
import OTLP
import Replay
import SwiftProtobuf
import Testing

enum Fixtures {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures").path

    static let scenarios = [
        "cancel", "deleted", "image-pull-backoff", "invalid", "onerror-continue", "oom", "pipelinerun", "results",
        "retries", "short", "sidecar", "step-fails", "success", "timeout", "traceparent", "unnamed-steps",
        "unschedulable",
    ]

    static func recording(_ name: String) throws -> Recording {
        try Recording(folder: "\(folder)/recordings/\(name)")
    }

    /// Where an added span belongs.
    struct Place: Hashable, Comparable, CustomStringConvertible {
        let name: String
        let spanID: String
        let parentID: String
        let traceID: String

        var description: String { "\(name) \(spanID) below \(parentID) in \(traceID)" }

        static func < (left: Place, right: Place) -> Bool { left.description < right.description }
    }

    /// The spans that were found right when the recording was read by people (Fixtures/spans).
    static func places(_ scenario: String) throws -> [Place] {
        let text = try String(contentsOf: URL(filePath: "\(folder)/spans/\(scenario).txt"), encoding: .utf8)
        var name = ""
        var places: [Place] = []
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if !line.hasPrefix(" ") {
                name = String(line[..<(line.lastIndex(of: "[") ?? line.endIndex)].dropLast())
            } else if line.hasPrefix("  id "), words.count == 6 {
                places.append(
                    Place(
                        name: name,
                        spanID: String(words[1]),
                        parentID: String(words[3]),
                        traceID: String(words[5])
                    )
                )
            }
        }
        return places.sorted()
    }

    /// A span that has nothing to do with Tekton, in a trace of its own.
    static func span(id: UInt64) -> Opentelemetry_Proto_Trace_V1_Span {
        var span = Opentelemetry_Proto_Trace_V1_Span()
        let bytes = withUnsafeBytes(of: id.bigEndian) { Array($0) }
        span.traceID = Data([0x7E, 0, 0, 0, 0, 0, 0, 0] + bytes)
        span.spanID = Data(bytes)
        span.name = "other"
        return span
    }

    /// The same, with an attribute of so many bytes.
    static func large(id: UInt64, bytes: Int) -> Opentelemetry_Proto_Trace_V1_Span {
        var span = span(id: id)
        var attribute = Opentelemetry_Proto_Common_V1_KeyValue()
        attribute.key = "bytes"
        attribute.value.bytesValue = Data(repeating: 0x78, count: bytes)
        span.attributes = [attribute]
        return span
    }

    /// A request with these spans of one scope.
    static func request(_ spans: [Opentelemetry_Proto_Trace_V1_Span]) throws -> [UInt8] {
        var scope = Opentelemetry_Proto_Trace_V1_ScopeSpans()
        scope.scope.name = "test"
        scope.spans = spans
        var resource = Opentelemetry_Proto_Trace_V1_ResourceSpans()
        resource.scopeSpans = [scope]
        var request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest()
        request.resourceSpans = [resource]
        return try request.serializedBytes()
    }
}

extension RawSpan {
    var place: Fixtures.Place {
        let message = message
        return Fixtures.Place(
            name: message.name,
            spanID: message.spanID.hex,
            parentID: message.parentSpanID.hex,
            traceID: message.traceID.hex
        )
    }
}

extension Data {
    fileprivate var hex: String {
        map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
