/// Checks the messages of OTLP's common package: attributes, values, scopes, entity references.
///
/// Cases are tags as they stand on the wire: field number times eight plus wire type. A known field with another wire
/// type is an unknown field, as swift-protobuf takes it.
enum CommonScanner {
    @inline(__always)
    static func scanKeyValue(_ message: WireReader) throws(OTLPDecodingError) -> ScannedAttribute {
        var attribute = ScannedAttribute()
        var reader = message
        while let tag = try reader.nextTag() {
            switch tag {
            case 0x0A: attribute.key = try reader.string(.key)
            case 0x12: try scanAnyValue(reader.message(), &attribute.string)
            default: try reader.skip(tag)
            }
        }
        return attribute
    }

    /// Merges a value into what came before it: the last member of the oneof wins, and an empty AnyValue changes nothing.
    @inline(__always)
    private static func scanAnyValue(
        _ message: WireReader,
        _ string: inout Range<Int>?
    ) throws(OTLPDecodingError) {
        var reader = message
        while let tag = try reader.nextTag() {
            switch tag {
            case 0x0A:
                string = try reader.string(.stringValue)
            case 0x10, 0x18, 0x21, 0x3A, 0x40:
                string = nil
                try reader.skip(tag)
            case 0x2A:
                string = nil
                try checkArray(reader.message())
            case 0x32:
                string = nil
                try checkKeyValueList(reader.message())
            default:
                try reader.skip(tag)
            }
        }
    }

    @inline(never)
    private static func checkArray(_ message: WireReader) throws(OTLPDecodingError) {
        var reader = message
        while let tag = try reader.nextTag() {
            switch tag {
            case 0x0A:
                var string: Range<Int>?
                try scanAnyValue(reader.message(), &string)
            default: try reader.skip(tag)
            }
        }
    }

    @inline(never)
    private static func checkKeyValueList(_ message: WireReader) throws(OTLPDecodingError) {
        var reader = message
        while let tag = try reader.nextTag() {
            switch tag {
            case 0x0A: _ = try scanKeyValue(reader.message())
            default: try reader.skip(tag)
            }
        }
    }

    static func checkScope(_ message: WireReader) throws(OTLPDecodingError) {
        var reader = message
        while let tag = try reader.nextTag() {
            switch tag {
            case 0x0A: _ = try reader.string(.name)
            case 0x12: _ = try reader.string(.version)
            case 0x1A: _ = try scanKeyValue(reader.message())
            default: try reader.skip(tag)
            }
        }
    }

    static func checkEntityRef(_ message: WireReader) throws(OTLPDecodingError) {
        var reader = message
        while let tag = try reader.nextTag() {
            switch tag {
            case 0x0A: _ = try reader.string(.schemaURL)
            case 0x12: _ = try reader.string(.type)
            case 0x1A: _ = try reader.string(.idKeys)
            case 0x22: _ = try reader.string(.descriptionKeys)
            default: try reader.skip(tag)
            }
        }
    }
}
