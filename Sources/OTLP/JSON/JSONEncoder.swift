/// Writes messages from their wire format as JSON.
struct JSONEncoder {
    private typealias Found = (field: Int, reader: WireReader)

    var output: [UInt8] = []
    private let buffer: UnsafeRawBufferPointer

    /// For readers of `buffer`, which must outlive this.
    init(_ buffer: UnsafeRawBufferPointer) { self.buffer = buffer }

    /// Writes one message that stands in so many pieces: a message given twice is merged.
    mutating func write(_ message: OTLPMessage, _ pieces: [WireReader]) throws(OTLPDecodingError) {
        let fields = message.fields
        var found: [Found] = []
        for piece in pieces {
            var reader = piece
            while let tag = try reader.nextTag() {
                if let field = fields.firstIndex(where: { $0.tag == tag }) { found.append((field, reader)) }
                try reader.skip(tag)
            }
        }
        // Of a oneof the last member counts, with what of the same member stands right before it.
        if message.isOneof, let last = found.last?.field {
            found.removeFirst((found.lastIndex { $0.field != last } ?? -1) + 1)
        }
        output.append(UInt8(ascii: "{"))
        var isFirst = true
        for index in fields.indices {
            let values = found.filter { $0.field == index }.map(\.reader)
            guard let last = values.last else { continue }
            let field = fields[index]
            let start = output.count
            if !isFirst { output.append(UInt8(ascii: ",")) }
            output += field.quoted
            if field.isRepeated {
                try writeArray(field, values)
            } else if case .message(let message) = field.kind {
                var pieces: [WireReader] = []
                for var value in values { pieces.append(try value.message()) }
                try write(message, pieces)
            } else if try !write(field.kind, last), !message.isOneof {
                output.removeSubrange(start...)
                continue
            }
            isFirst = false
        }
        output.append(UInt8(ascii: "}"))
    }

    private mutating func writeArray(
        _ field: OTLPMessage.Field,
        _ values: [WireReader]
    ) throws(OTLPDecodingError) {
        output.append(UInt8(ascii: "["))
        var isFirst = true
        for var value in values {
            if !isFirst { output.append(UInt8(ascii: ",")) }
            isFirst = false
            if case .message(let message) = field.kind {
                try write(message, [value.message()])
            } else {
                _ = try write(field.kind, value)
            }
        }
        output.append(UInt8(ascii: "]"))
    }

    /// Writes a scalar. False: it is the default of its type.
    private mutating func write(
        _ kind: OTLPMessage.Field.Kind,
        _ value: WireReader
    ) throws(OTLPDecodingError) -> Bool {
        var reader = value
        switch kind {
        case .string(let name):
            let range = try reader.string(name)
            writeString(range)
            return !range.isEmpty
        case .id(let name, let length):
            let start = reader.offset
            let range = try reader.bytes()
            guard range.isEmpty || range.count == length else {
                let reason = OTLPDecodingError.Reason.wrongIDLength(field: name, actual: range.count, expected: length)
                throw OTLPDecodingError(reason, at: start)
            }
            writeHex(range)
            return !range.isEmpty
        case .bytes:
            let range = try reader.bytes()
            writeBase64(range)
            return !range.isEmpty
        case .bool:
            let isTrue = try reader.varint() != 0
            write(isTrue ? "true" : "false")
            return isTrue
        case .int32, .enumeration:
            let number = Int32(truncatingIfNeeded: try reader.varint())
            write(String(number))
            return number != 0
        case .uint32:
            let number = UInt32(truncatingIfNeeded: try reader.varint())
            write(String(number))
            return number != 0
        case .int64:
            let number = Int64(bitPattern: try reader.varint())
            write("\"\(number)\"")
            return number != 0
        case .fixed64:
            let number = try reader.fixed64()
            write("\"\(number)\"")
            return number != 0
        case .fixed32:
            let number = try reader.fixed32()
            write(String(number))
            return number != 0
        case .double:
            let number = Double(bitPattern: try reader.fixed64())
            write(Self.text(number))
            return number.bitPattern != 0
        case .message:
            return false
        }
    }

    private static func text(_ number: Double) -> String {
        if number.isNaN { return "\"NaN\"" }
        if number.isInfinite { return number > 0 ? "\"Infinity\"" : "\"-Infinity\"" }
        return number.description
    }

    private mutating func write(_ text: String) { output += text.utf8 }

    private mutating func writeString(_ range: Range<Int>) {
        output.append(UInt8(ascii: "\""))
        var plain = range.lowerBound
        for index in range {
            let byte = buffer[index]
            guard byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") else { continue }
            output += buffer[plain..<index]
            plain = index + 1
            output.append(UInt8(ascii: "\\"))
            switch byte {
            case 0x08: output.append(UInt8(ascii: "b"))
            case 0x09: output.append(UInt8(ascii: "t"))
            case 0x0A: output.append(UInt8(ascii: "n"))
            case 0x0C: output.append(UInt8(ascii: "f"))
            case 0x0D: output.append(UInt8(ascii: "r"))
            case 0..<0x20:
                write("u00")
                output.append(Self.hexDigits[Int(byte >> 4)])
                output.append(Self.hexDigits[Int(byte & 15)])
            default: output.append(byte)
            }
        }
        output += buffer[plain..<range.upperBound]
        output.append(UInt8(ascii: "\""))
    }

    private static let hexDigits = Array("0123456789abcdef".utf8)
    private static let base64Digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private mutating func writeHex(_ range: Range<Int>) {
        output.append(UInt8(ascii: "\""))
        for byte in buffer[range] {
            output.append(Self.hexDigits[Int(byte >> 4)])
            output.append(Self.hexDigits[Int(byte & 15)])
        }
        output.append(UInt8(ascii: "\""))
    }

    private mutating func writeBase64(_ range: Range<Int>) {
        output.append(UInt8(ascii: "\""))
        for start in stride(from: range.lowerBound, to: range.upperBound, by: 3) {
            let count = min(3, range.upperBound - start)
            var bits: UInt32 = 0
            for index in 0..<3 { bits = bits << 8 | (index < count ? UInt32(buffer[start + index]) : 0) }
            for index in 0..<4 {
                let digit = Self.base64Digits[Int(bits >> UInt32(18 - 6 * index)) & 63]
                output.append(index <= count ? digit : UInt8(ascii: "="))
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
