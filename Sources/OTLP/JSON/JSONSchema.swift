/// The messages of OTLP's traces, as tables for the JSON mapping. A message of the .proto files is a case here.
enum OTLPMessage: Sendable {
    case request, resourceSpans, resource, scopeSpans, scope, span, event, link, status
    case keyValue, anyValue, arrayValue, keyValueList, entityRef

    /// One field of a message.
    struct Field: Sendable {
        /// What its value is on the wire and in JSON.
        enum Kind: Sendable {
            case string(OTLPDecodingError.Field)
            /// Hexadecimal, of so many bytes or none.
            case id(OTLPDecodingError.Field, length: Int)
            /// Base64.
            case bytes
            case bool
            /// A varint of 32 bits.
            case int32
            case uint32
            /// A number; by name too when it is read.
            case enumeration([String: Int32])
            /// A varint, in JSON a string.
            case int64
            /// Eight bytes, in JSON a string.
            case fixed64
            case fixed32
            case double
            case message(OTLPMessage)
        }

        let tag: UInt32
        let name: String
        /// `"name":`
        let quoted: [UInt8]
        let kind: Kind
        let isRepeated: Bool

        init(_ number: UInt32, _ name: String, _ kind: Kind, repeated: Bool = false) {
            tag = number << 3 | kind.wireType
            self.name = name
            quoted = Array("\"\(name)\":".utf8)
            self.kind = kind
            isRepeated = repeated
        }
    }

    /// In the order of their numbers, which is the order in which they are written.
    var fields: [Field] {
        switch self {
        case .request: Tables.request
        case .resourceSpans: Tables.resourceSpans
        case .resource: Tables.resource
        case .scopeSpans: Tables.scopeSpans
        case .scope: Tables.scope
        case .span: Tables.span
        case .event: Tables.event
        case .link: Tables.link
        case .status: Tables.status
        case .keyValue: Tables.keyValue
        case .anyValue: Tables.anyValue
        case .arrayValue: Tables.arrayValue
        case .keyValueList: Tables.keyValueList
        case .entityRef: Tables.entityRef
        }
    }

    /// All fields are members of one oneof: one of them at the most, which is written even when it is the default.
    var isOneof: Bool { if case .anyValue = self { true } else { false } }
}

extension OTLPMessage.Field.Kind {
    fileprivate var wireType: UInt32 {
        switch self {
        case .bool, .int32, .uint32, .enumeration, .int64: 0
        case .fixed64, .double: 1
        case .string, .id, .bytes, .message: 2
        case .fixed32: 5
        }
    }
}

private enum Tables {
    typealias Field = OTLPMessage.Field

    static let request = [Field(1, "resourceSpans", .message(.resourceSpans), repeated: true)]
    static let resourceSpans = [
        Field(1, "resource", .message(.resource)),
        Field(2, "scopeSpans", .message(.scopeSpans), repeated: true),
        Field(3, "schemaUrl", .string(.schemaURL)),
    ]
    static let resource = [
        Field(1, "attributes", .message(.keyValue), repeated: true),
        Field(2, "droppedAttributesCount", .uint32),
        Field(3, "entityRefs", .message(.entityRef), repeated: true),
    ]
    static let scopeSpans = [
        Field(1, "scope", .message(.scope)),
        Field(2, "spans", .message(.span), repeated: true),
        Field(3, "schemaUrl", .string(.schemaURL)),
    ]
    static let scope = [
        Field(1, "name", .string(.name)),
        Field(2, "version", .string(.version)),
        Field(3, "attributes", .message(.keyValue), repeated: true),
        Field(4, "droppedAttributesCount", .uint32),
    ]
    static let span = [
        Field(1, "traceId", .id(.traceID, length: 16)),
        Field(2, "spanId", .id(.spanID, length: 8)),
        Field(3, "traceState", .string(.traceState)),
        Field(4, "parentSpanId", .id(.parentSpanID, length: 8)),
        Field(5, "name", .string(.name)),
        Field(6, "kind", .enumeration(kinds)),
        Field(7, "startTimeUnixNano", .fixed64),
        Field(8, "endTimeUnixNano", .fixed64),
        Field(9, "attributes", .message(.keyValue), repeated: true),
        Field(10, "droppedAttributesCount", .uint32),
        Field(11, "events", .message(.event), repeated: true),
        Field(12, "droppedEventsCount", .uint32),
        Field(13, "links", .message(.link), repeated: true),
        Field(14, "droppedLinksCount", .uint32),
        Field(15, "status", .message(.status)),
        Field(16, "flags", .fixed32),
    ]
    static let event = [
        Field(1, "timeUnixNano", .fixed64),
        Field(2, "name", .string(.name)),
        Field(3, "attributes", .message(.keyValue), repeated: true),
        Field(4, "droppedAttributesCount", .uint32),
    ]
    static let link = [
        Field(1, "traceId", .id(.traceID, length: 16)),
        Field(2, "spanId", .id(.spanID, length: 8)),
        Field(3, "traceState", .string(.traceState)),
        Field(4, "attributes", .message(.keyValue), repeated: true),
        Field(5, "droppedAttributesCount", .uint32),
        Field(6, "flags", .fixed32),
    ]
    static let status = [
        Field(2, "message", .string(.message)),
        Field(3, "code", .enumeration(codes)),
    ]
    static let keyValue = [
        Field(1, "key", .string(.key)),
        Field(2, "value", .message(.anyValue)),
        Field(3, "keyStrindex", .int32),
    ]
    static let anyValue = [
        Field(1, "stringValue", .string(.stringValue)),
        Field(2, "boolValue", .bool),
        Field(3, "intValue", .int64),
        Field(4, "doubleValue", .double),
        Field(5, "arrayValue", .message(.arrayValue)),
        Field(6, "kvlistValue", .message(.keyValueList)),
        Field(7, "bytesValue", .bytes),
        Field(8, "stringValueStrindex", .int32),
    ]
    static let arrayValue = [Field(1, "values", .message(.anyValue), repeated: true)]
    static let keyValueList = [Field(1, "values", .message(.keyValue), repeated: true)]
    static let entityRef = [
        Field(1, "schemaUrl", .string(.schemaURL)),
        Field(2, "type", .string(.type)),
        Field(3, "idKeys", .string(.idKeys), repeated: true),
        Field(4, "descriptionKeys", .string(.descriptionKeys), repeated: true),
    ]

    static let kinds: [String: Int32] = [
        "SPAN_KIND_UNSPECIFIED": 0, "SPAN_KIND_INTERNAL": 1, "SPAN_KIND_SERVER": 2, "SPAN_KIND_CLIENT": 3,
        "SPAN_KIND_PRODUCER": 4, "SPAN_KIND_CONSUMER": 5,
    ]
    static let codes: [String: Int32] = ["STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2]
}
