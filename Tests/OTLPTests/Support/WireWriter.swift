/// Writes protobuf's wire format field by field, well-formed or not.
struct WireWriter {
    var bytes: [UInt8] = []

    mutating func varint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    /// A varint of `length` bytes, the last of which carry nothing.
    mutating func overlongVarint(_ value: UInt64, length: Int) {
        for index in 0..<length {
            let shift = UInt64(7 * index)
            let bits = shift < 64 ? UInt8(truncatingIfNeeded: value >> shift) & 0x7F : 0
            bytes.append(index == length - 1 ? bits : bits | 0x80)
        }
    }

    mutating func tag(_ field: Int, _ wireType: Int) {
        varint(UInt64(field) << 3 | UInt64(wireType))
    }

    mutating func field(_ number: Int, varint value: UInt64) {
        tag(number, 0)
        varint(value)
    }

    mutating func field(_ number: Int, bytes value: [UInt8]) {
        tag(number, 2)
        varint(UInt64(value.count))
        bytes += value
    }

    mutating func field(_ number: Int, string value: String) {
        field(number, bytes: Array(value.utf8))
    }

    mutating func field(_ number: Int, message build: (inout WireWriter) -> Void) {
        field(number, bytes: wire(build))
    }

    mutating func group(_ number: Int, _ build: (inout WireWriter) -> Void) {
        tag(number, 3)
        build(&self)
        tag(number, 4)
    }

    /// A KeyValue with a string, as field `number`.
    mutating func attribute(_ number: Int, _ key: String, _ value: String) {
        field(number) { attribute in
            attribute.field(1, string: key)
            attribute.field(2) { $0.field(1, string: value) }
        }
    }
}

func wire(_ build: (inout WireWriter) -> Void) -> [UInt8] {
    var writer = WireWriter()
    build(&writer)
    return writer.bytes
}

/// A request of one span, the span's fields written by `build`.
func request(_ build: (inout WireWriter) -> Void) -> [UInt8] {
    wire { $0.field(1) { $0.field(2) { $0.field(2, message: build) } } }
}
