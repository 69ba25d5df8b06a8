/// Why a body is not an ExportTraceServiceRequest: what is wrong, and where.
public struct OTLPDecodingError: Error, Equatable, Sendable {
    public enum Reason: Equatable, Sendable {
        /// The bytes end in the middle of a field.
        case truncated
        /// A length that reaches beyond the message around it.
        case lengthBeyondEnd(length: UInt64, available: Int)
        /// A varint of more than ten bytes.
        case malformedVarint
        /// Field number 0, a wire type that does not exist, or a tag of more than 32 bits.
        case malformedTag
        /// The end of a group that is not the innermost open one.
        case unmatchedEndGroup
        /// Messages and groups nest deeper than ``SpanScanner/nestingLimit``.
        case nestedTooDeeply
        /// A string field whose bytes are no UTF-8.
        case invalidUTF8(field: Field)
        /// A trace or span id of neither the right length nor none.
        case wrongIDLength(field: Field, actual: Int, expected: Int)
        /// A body of 2 GiB or more, which no protobuf message may have.
        case tooLarge
    }

    /// A field of OTLP, under its name in the .proto files.
    public enum Field: String, Equatable, Sendable {
        case traceID = "trace_id"
        case spanID = "span_id"
        case parentSpanID = "parent_span_id"
        case traceState = "trace_state"
        case name
        case version
        case key
        case stringValue = "string_value"
        case message
        case schemaURL = "schema_url"
        case type
        case idKeys = "id_keys"
        case descriptionKeys = "description_keys"
    }

    public let reason: Reason
    /// Where in the body it was noticed: at the value in question, or at the tag when that is wrong.
    public let offset: Int
    /// The span it happened in, counted from 1 through the whole body; nil outside of spans.
    public internal(set) var span: Int?

    init(_ reason: Reason, at offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

extension OTLPDecodingError: CustomStringConvertible {
    public var description: String {
        let place = span.map { "span \($0): " } ?? ""
        return "\(place)\(reason) (byte \(offset) of the body)"
    }
}

extension OTLPDecodingError.Reason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated:
            "the data ends in the middle of a field"
        case .lengthBeyondEnd(let length, let available):
            "a field claims \(length) bytes, but only \(available) are left in its message"
        case .malformedVarint:
            "a varint has more than 10 bytes"
        case .malformedTag:
            "no valid field tag"
        case .unmatchedEndGroup:
            "the end of a group that was not begun"
        case .nestedTooDeeply:
            "messages nest deeper than \(SpanScanner.nestingLimit) levels"
        case .invalidUTF8(let field):
            "\(field.rawValue) is not valid UTF-8"
        case .wrongIDLength(let field, let actual, let expected):
            "\(field.rawValue) has \(actual) \(actual == 1 ? "byte" : "bytes"), expected \(expected)"
        case .tooLarge:
            "the body has 2 GiB or more"
        }
    }
}
