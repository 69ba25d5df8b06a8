internal import FoundationEssentials
public import OTLP
internal import SwiftProtobuf

/// One span of an export with the very bytes it came in: to tell whether it went through a gateway unchanged.
public struct RawSpan: Sendable, Hashable {
    /// Everything of its ResourceSpans but the scopes: resource, schema URL, unknown fields.
    public let resource: [UInt8]
    /// Everything of its ScopeSpans but the spans.
    public let scope: [UInt8]
    /// The message Span.
    public let span: [UInt8]

    /// Reads an ExportTraceServiceRequest without decoding its spans.
    ///
    /// Deliberately no use of the module OTLP's scanner, which is under test with it.
    ///
    /// - Throws: when the bytes are no such message.
    public static func spans(of request: [UInt8]) throws(MalformedProtobuf) -> [RawSpan] {
        var spans: [RawSpan] = []
        for resourceSpans in try ProtobufFields(request[...]) where resourceSpans.isMessage(1) {
            let resourceFields = try ProtobufFields(resourceSpans.content)
            let resource = resourceFields.filter { !$0.isMessage(2) }.flatMap(\.bytes)
            for scopeSpans in resourceFields where scopeSpans.isMessage(2) {
                let scopeFields = try ProtobufFields(scopeSpans.content)
                let scope = scopeFields.filter { !$0.isMessage(2) }.flatMap(\.bytes)
                for span in scopeFields where span.isMessage(2) {
                    spans.append(RawSpan(resource: resource, scope: scope, span: Array(span.content)))
                }
            }
        }
        return spans
    }

    /// The scope's name; empty when it cannot be read.
    public var scopeName: String {
        let message = try? Opentelemetry_Proto_Trace_V1_ScopeSpans(serializedBytes: scope)
        return message?.scope.name ?? ""
    }

    /// True for the spans that steptrace adds.
    public var isInjected: Bool { scopeName == "steptrace" }

    /// The decoded span; empty when it cannot be read.
    public var message: Opentelemetry_Proto_Trace_V1_Span {
        (try? Opentelemetry_Proto_Trace_V1_Span(serializedBytes: span)) ?? Opentelemetry_Proto_Trace_V1_Span()
    }
}

/// Bytes that are no protobuf message.
public struct MalformedProtobuf: Error, Equatable {}

/// The fields of one message, in order.
private struct ProtobufFields: Sequence {
    struct Field {
        let number: UInt64
        let wireType: UInt64
        /// The field with its tag.
        let bytes: ArraySlice<UInt8>
        /// What stands behind the tag, and behind the length where there is one.
        let content: ArraySlice<UInt8>

        func isMessage(_ number: UInt64) -> Bool { self.number == number && wireType == 2 }
    }

    private var fields: [Field] = []

    init(_ message: ArraySlice<UInt8>) throws(MalformedProtobuf) {
        var rest = message
        while !rest.isEmpty {
            let start = rest.startIndex
            let tag = try Self.varint(&rest)
            let length: UInt64
            switch tag & 7 {
            case 0:
                let before = rest
                _ = try Self.varint(&rest)
                length = UInt64(before.count - rest.count)
                rest = before
            case 1: length = 8
            case 2: length = try Self.varint(&rest)
            case 5: length = 4
            default: throw MalformedProtobuf()
            }
            guard length <= UInt64(rest.count) else { throw MalformedProtobuf() }
            let content = rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
            fields.append(
                Field(number: tag >> 3, wireType: tag & 7, bytes: message[start..<content.endIndex], content: content)
            )
        }
    }

    func makeIterator() -> IndexingIterator<[Field]> { fields.makeIterator() }

    private static func varint(_ bytes: inout ArraySlice<UInt8>) throws(MalformedProtobuf) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = bytes.popFirst() else { throw MalformedProtobuf() }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        throw MalformedProtobuf()
    }
}
