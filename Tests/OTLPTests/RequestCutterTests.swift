import FoundationEssentials
import SwiftProtobuf
import TestSupport
import Testing

@testable import OTLP

@Suite struct RequestCutterTests {
    typealias Request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest

    /// Spans with all that is around them.
    private func spans(_ request: Request) -> [String] {
        request.resourceSpans.flatMap { resource in
            resource.scopeSpans.flatMap { scope in
                scope.spans.map {
                    "\(resource.resource.textFormatString()) \(resource.schemaURL) "
                        + "\(scope.scope.textFormatString()) \(scope.schemaURL) \($0.textFormatString())"
                }
            }
        }
    }

    private func request(resources: Int, scopes: Int, spans: Int) throws -> [UInt8] {
        var request = Request()
        for resource in 0..<resources {
            var resourceSpans = Opentelemetry_Proto_Trace_V1_ResourceSpans()
            resourceSpans.resource.droppedAttributesCount = UInt32(resource + 1)
            resourceSpans.schemaURL = "resource \(resource)"
            for scope in 0..<scopes {
                var scopeSpans = Opentelemetry_Proto_Trace_V1_ScopeSpans()
                scopeSpans.scope.name = "scope \(scope)"
                scopeSpans.schemaURL = "schema"
                for span in 0..<spans {
                    var message = Opentelemetry_Proto_Trace_V1_Span()
                    message.name = "span \(resource) \(scope) \(span)"
                    scopeSpans.spans.append(message)
                }
                resourceSpans.scopeSpans.append(scopeSpans)
            }
            request.resourceSpans.append(resourceSpans)
        }
        return try request.serializedBytes()
    }

    @Test(arguments: [1, 2, 3, 5, 7, 11, 60, 100])
    func partsHaveAllSpansInOrderWithTheirResourceAndScope(limit: Int) throws {
        let body = try request(resources: 3, scopes: 4, spans: 5)
        let parts = try RequestCutter.cut(body.span.bytes, .spans(limit))
        #expect(parts.count == (60 + limit - 1) / limit)
        #expect(parts.allSatisfy { $0.spanCount <= limit })
        let decoded = try parts.map { try Request(serializedBytes: $0.bytes) }
        #expect(decoded.map { spans($0).count } == parts.map(\.spanCount))
        #expect(decoded.flatMap(spans) == spans(try Request(serializedBytes: body)))
    }

    @Test(arguments: [1, 100, 200, 1000, 100_000])
    func partsAreNoLongerThanTheLimitUnlessASingleSpanIs(limit: Int) throws {
        let body = try request(resources: 3, scopes: 4, spans: 5)
        let parts = try RequestCutter.cut(body.span.bytes, .bytes(limit))
        #expect(parts.allSatisfy { $0.bytes.count <= limit || $0.spanCount == 1 })
        let decoded = try parts.flatMap { spans(try Request(serializedBytes: $0.bytes)) }
        #expect(decoded == spans(try Request(serializedBytes: body)))
        if limit == 100_000 { #expect(parts.count == 1) }
    }

    @Test func fieldsBehindTheSpansAndUnknownOnesAreKept() throws {
        // The schema URLs stand behind the spans; field 9 is unknown.
        let unknown: [UInt8] = [0x4A, 1, 0x78]
        let span: [UInt8] = [0x12, 3, 0x2A, 1, 0x61]
        let scope = span + span + [0x1A, 1, 0x73] + unknown
        let resource = [0x12, UInt8(scope.count)] + scope + [0x1A, 1, 0x72] + unknown
        let body = [0x0A, UInt8(resource.count)] + resource + unknown
        let parts = try RequestCutter.cut(body.span.bytes, .spans(1))
        #expect(parts.count == 2)
        let decoded = try parts.map { try Request(serializedBytes: $0.bytes) }
        for request in decoded {
            #expect(request.resourceSpans.map(\.schemaURL) == ["r"])
            #expect(request.resourceSpans[0].scopeSpans.map(\.schemaURL) == ["s"])
            #expect(request.resourceSpans[0].scopeSpans[0].unknownFields.data == .init(unknown))
        }
        #expect(decoded[0].unknownFields.data == .init(unknown))
    }

    @Test func partsThatWouldBeFarMoreThanTheRequestAreNotMade() throws {
        var request = Request()
        var resourceSpans = Opentelemetry_Proto_Trace_V1_ResourceSpans()
        resourceSpans.schemaURL = String(repeating: "x", count: 100_000)
        var scopeSpans = Opentelemetry_Proto_Trace_V1_ScopeSpans()
        scopeSpans.spans = Array(repeating: .init(), count: 8000)
        resourceSpans.scopeSpans = [scopeSpans]
        request.resourceSpans = [resourceSpans]
        let body: [UInt8] = try request.serializedBytes()
        #expect(try RequestCutter.cut(body.span.bytes, .spans(10)).isEmpty)
        #expect(try RequestCutter.cut(body.span.bytes, .bytes(100)).isEmpty)
        #expect(
            try RequestCutter.cut(body.span.bytes, .spans(1000)).map(\.spanCount) == Array(repeating: 1000, count: 8)
        )
    }

    @Test func whatIsMalformedIsNotCut() {
        let body: [UInt8] = [0x0A, 5, 0x12]
        #expect(throws: OTLPDecodingError.self) { try RequestCutter.cut(body.span.bytes, .spans(1)) }
    }

    /// Whatever random request comes, the parts have what it has.
    @Test(arguments: 0..<50)
    func randomRequests(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var random = RandomRequest(generator: SeededGenerator(seed: seed))
        let message = random.make()
        let body: [UInt8] = try message.serializedBytes()
        let limit: RequestCutter.Limit =
            Bool.random(using: &generator)
            ? .spans(Int.random(in: 1...5, using: &generator)) : .bytes(Int.random(in: 1...500, using: &generator))
        let parts = try RequestCutter.cut(body.span.bytes, limit)
        let decoded = try parts.flatMap { spans(try Request(serializedBytes: $0.bytes)) }
        #expect(decoded == spans(message), "seed \(seed)")
    }
}
