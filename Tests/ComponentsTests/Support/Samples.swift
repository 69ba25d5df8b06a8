import Collector
import Compression
import FoundationEssentials
import NIOCore
import OTLP
import SwiftProtobuf

typealias Request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest

/// Requests to send about.
enum Samples {
    /// A request of so many spans called `name`.
    static func request(_ name: String = "span", spans: Int = 1) -> Request {
        var span = Opentelemetry_Proto_Trace_V1_Span()
        span.traceID = Data((0..<16).map { $0 + 1 })
        span.spanID = Data((0..<8).map { $0 + 1 })
        span.name = name
        span.kind = .internal
        span.startTimeUnixNano = 1_700_000_000_123_456_789
        span.endTimeUnixNano = 1_700_000_001_000_000_000
        span.attributes = [attribute("taskrun", "hello")]
        var scopeSpans = Opentelemetry_Proto_Trace_V1_ScopeSpans()
        scopeSpans.scope.name = "tekton"
        scopeSpans.spans = Array(repeating: span, count: spans)
        var resourceSpans = Opentelemetry_Proto_Trace_V1_ResourceSpans()
        resourceSpans.resource.attributes = [attribute("service.name", "taskrun-reconciler")]
        resourceSpans.scopeSpans = [scopeSpans]
        var request = Request()
        request.resourceSpans = [resourceSpans]
        return request
    }

    static func bytes(_ name: String = "span", spans: Int = 1) -> [UInt8] {
        // Encoding fails for required fields and invalid UTF-8 only; there are neither.
        (try? request(name, spans: spans).serializedBytes()) ?? []
    }

    static func batch(_ name: String = "span", spans: Int = 1) -> TraceBatch {
        TraceBatch(body: ByteBuffer(bytes: bytes(name, spans: spans)), spanCount: spans)
    }

    /// The names of all spans of an encoded request.
    static func names(_ bytes: [UInt8]) throws -> [String] {
        try Request(serializedBytes: bytes).resourceSpans.flatMap { resourceSpans in
            resourceSpans.scopeSpans.flatMap { $0.spans.map(\.name) }
        }
    }

    private static func attribute(_ key: String, _ value: String) -> Opentelemetry_Proto_Common_V1_KeyValue {
        var attribute = Opentelemetry_Proto_Common_V1_KeyValue()
        attribute.key = key
        attribute.value.stringValue = value
        return attribute
    }
}

/// The configuration that a component reads from this map.
func configuration<Configuration: ComponentConfiguration>(
    _ type: Configuration.Type,
    _ node: ConfigNode = ConfigNode(.null)
) throws -> Configuration {
    var map = try ConfigMap(node)
    let configuration = try Configuration(from: &map)
    try map.finish()
    return configuration
}
