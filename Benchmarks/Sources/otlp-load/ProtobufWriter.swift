/// Appends protobuf fields to bytes.
struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ field: Int, _ value: Int) {
        raw(field << 3)
        raw(value)
    }

    mutating func fixed64(_ field: Int, _ value: UInt64) {
        raw(field << 3 | 1)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func fixed32(_ field: Int, _ value: UInt32) {
        raw(field << 3 | 5)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func bytes(_ field: Int, _ value: some Collection<UInt8>) {
        raw(field << 3 | 2)
        raw(value.count)
        bytes.append(contentsOf: value)
    }

    mutating func message(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
        var message = ProtobufWriter()
        body(&message)
        bytes(field, message.bytes)
    }

    /// KeyValue with a string in it.
    mutating func attribute(_ field: Int, _ key: String, _ value: String) {
        message(field) {
            $0.bytes(1, key.utf8)
            $0.message(2) { $0.bytes(1, value.utf8) }
        }
    }

    private mutating func raw(_ varint: Int) {
        var rest = UInt(bitPattern: varint)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
