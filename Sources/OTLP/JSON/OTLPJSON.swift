/// OTLP's JSON (opentelemetry-proto `docs/specification.md`, "JSON Protobuf Encoding"): proto3 JSON, but ids in hex and
/// enums as numbers. Translates from bytes to bytes, without messages in between.
public enum OTLPJSON {
    /// An ExportTraceServiceRequest in JSON, without line breaks.
    ///
    /// The same bytes give the same text: fields in the order of their numbers, defaults left out. What is not known of a
    /// newer OTLP has no JSON, and is left out too.
    public static func encode(_ request: RawSpan) throws(OTLPDecodingError) -> [UInt8] {
        guard request.byteCount < Int(Int32.max) else { throw OTLPDecodingError(.tooLarge, at: 0) }
        return try request.withUnsafeBytes { (buffer) throws(OTLPDecodingError) in
            guard let reader = WireReader(buffer, depthLimit: SpanScanner.nestingLimit) else { return Array("{}".utf8) }
            var encoder = JSONEncoder(buffer)
            encoder.output.reserveCapacity(buffer.count * 2)
            try encoder.write(.request, [reader])
            return encoder.output
        }
    }

    public static func encode(_ request: [UInt8]) throws(OTLPDecodingError) -> [UInt8] {
        try encode(request.span.bytes)
    }

    /// An ExportTraceServiceRequest in protobuf, from JSON.
    ///
    /// Beyond the specification, as the Collector does: enums also by name. Unknown keys are ignored, and so is a key
    /// whose value is null.
    public static func decode(_ json: RawSpan) throws(OTLPJSONError) -> [UInt8] {
        try json.withUnsafeBytes { (buffer) throws(OTLPJSONError) in
            var decoder = try JSONDecoder(buffer)
            return try decoder.request()
        }
    }

    public static func decode(_ json: [UInt8]) throws(OTLPJSONError) -> [UInt8] {
        try decode(json.span.bytes)
    }
}

/// Why a text is not an ExportTraceServiceRequest in JSON: what is wrong, and where.
public struct OTLPJSONError: Error, Equatable, Sendable, CustomStringConvertible {
    public let reason: String
    /// The byte of the text.
    public let offset: Int
    /// The keys on the way there, joined with dots.
    public internal(set) var path = ""

    public var description: String { "\(path.isEmpty ? "" : "\(path): ")\(reason) (byte \(offset) of the body)" }

    init(_ reason: String, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}
