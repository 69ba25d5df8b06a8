import SwiftProtobuf

/// Adds ResourceSpans to the body of an ExportTraceServiceRequest, whose other bytes stay as they are.
///
/// Protobuf concatenation is merging: what is appended here is field 1 of the request, so any well-formed body may
/// come before and after it.
public enum ResourceSpansAppender {
    /// Appends `message`. The same message gives the same bytes, fields in the order of their numbers.
    ///
    /// OTLP has no maps, so nothing of the order is left to chance.
    public static func append(
        _ message: Opentelemetry_Proto_Trace_V1_ResourceSpans,
        to body: inout [UInt8]
    ) throws(OTLPEncodingError) {
        let encoded: [UInt8]
        do {
            encoded = try message.serializedBytes()
        } catch {
            throw .tooLarge
        }
        append(encoded: encoded, to: &body)
    }

    /// Appends an encoded `ResourceSpans`: tag, length and the bytes themselves.
    public static func append(encoded resourceSpans: some Collection<UInt8>, to body: inout [UInt8]) {
        append(tag: 0x0A, resourceSpans, to: &body)
    }

    /// Appends a field whose value is a message: tag, length and the bytes themselves.
    static func append(tag: UInt8, _ message: some Collection<UInt8>, to body: inout [UInt8]) {
        var length = message.count
        body.append(tag)
        while length >= 0x80 {
            body.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        body.append(UInt8(length))
        body.append(contentsOf: message)
    }
}
