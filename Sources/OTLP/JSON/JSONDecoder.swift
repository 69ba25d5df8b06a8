/// Writes the wire format of messages from JSON.
struct JSONDecoder {
    /// How deep objects and arrays may nest. Of messages, which are one or two of these each, fewer are allowed: the
    /// scanner sees to that.
    static let nestingLimit = 2 * SpanScanner.nestingLimit

    private var json: JSONReader
    private var output: [UInt8] = []
    private var depth = 0

    /// `buffer` must outlive this.
    init(_ buffer: UnsafeRawBufferPointer) throws(OTLPJSONError) {
        json = try JSONReader(buffer)
    }

    mutating func request() throws(OTLPJSONError) -> [UInt8] {
        output.reserveCapacity(json.count)
        try object(.request)
        try json.end()
        return output
    }

    /// The fields of a message, without its length.
    private mutating func object(_ message: OTLPMessage) throws(OTLPJSONError) {
        try json.expect(UInt8(ascii: "{"), "an object")
        try enter()
        defer { depth -= 1 }
        if json.take(UInt8(ascii: "}")) { return }
        let fields = message.fields
        repeat {
            let key = try json.string()
            try json.expect(UInt8(ascii: ":"), "':'")
            if let field = fields.first(where: { json.equals(key, $0.name) }) {
                do throws(OTLPJSONError) {
                    try value(field)
                } catch {
                    var error = error
                    error.path = error.path.isEmpty ? field.name : "\(field.name).\(error.path)"
                    throw error
                }
            } else {
                try skip()
            }
        } while json.take(UInt8(ascii: ","))
        try json.expect(UInt8(ascii: "}"), "',' or '}'")
    }

    private mutating func value(_ field: OTLPMessage.Field) throws(OTLPJSONError) {
        if json.takeWord("null") { return }
        guard field.isRepeated else { return try element(field) }
        try json.expect(UInt8(ascii: "["), "an array")
        try enter()
        defer { depth -= 1 }
        if json.take(UInt8(ascii: "]")) { return }
        repeat { try element(field) } while json.take(UInt8(ascii: ","))
        try json.expect(UInt8(ascii: "]"), "',' or ']'")
    }

    private mutating func element(_ field: OTLPMessage.Field) throws(OTLPJSONError) {
        writeVarint(UInt64(field.tag))
        switch field.kind {
        case .message(let message):
            let start = output.count
            try object(message)
            insertLength(from: start)
        case .string:
            let string = try json.string()
            let start = output.count
            try json.unescape(string, into: &output)
            insertLength(from: start)
        case .id(_, let length):
            let string = try json.string()
            let start = output.count
            try json.hex(string, length: length, into: &output)
            insertLength(from: start)
        case .bytes:
            let string = try json.string()
            let start = output.count
            try json.base64(string, into: &output)
            insertLength(from: start)
        case .bool:
            if json.takeWord("true") {
                output.append(1)
            } else if json.takeWord("false") {
                output.append(0)
            } else {
                throw json.error("expected true or false")
            }
        case .int32:
            writeVarint(UInt64(bitPattern: Int64(try json.integer(Int32.self))))
        case .enumeration(let names):
            writeVarint(UInt64(bitPattern: Int64(try json.enumeration(names))))
        case .uint32: writeVarint(UInt64(try json.integer(UInt32.self)))
        case .int64: writeVarint(UInt64(bitPattern: try json.integer(Int64.self)))
        case .fixed64: writeFixed(try json.integer(UInt64.self))
        case .fixed32: writeFixed(try json.integer(UInt32.self))
        case .double: writeFixed(try json.double().bitPattern)
        }
    }

    /// Passes over a value of any kind, checking its form.
    private mutating func skip() throws(OTLPJSONError) {
        switch json.peek() {
        case UInt8(ascii: "{"):
            try json.expect(UInt8(ascii: "{"), "an object")
            try enter()
            defer { depth -= 1 }
            if json.take(UInt8(ascii: "}")) { return }
            repeat {
                _ = try json.string()
                try json.expect(UInt8(ascii: ":"), "':'")
                try skip()
            } while json.take(UInt8(ascii: ","))
            try json.expect(UInt8(ascii: "}"), "',' or '}'")
        case UInt8(ascii: "["):
            try json.expect(UInt8(ascii: "["), "an array")
            try enter()
            defer { depth -= 1 }
            if json.take(UInt8(ascii: "]")) { return }
            repeat { try skip() } while json.take(UInt8(ascii: ","))
            try json.expect(UInt8(ascii: "]"), "',' or ']'")
        case UInt8(ascii: "\""):
            var ignored: [UInt8] = []
            try json.unescape(try json.string(), into: &ignored)
        default:
            if json.takeWord("true") || json.takeWord("false") || json.takeWord("null") { return }
            _ = try json.number()
        }
    }

    private mutating func enter() throws(OTLPJSONError) {
        depth += 1
        guard depth <= Self.nestingLimit else {
            throw json.error("objects and arrays nest deeper than \(Self.nestingLimit) levels")
        }
    }

    // MARK: Wire format

    private mutating func writeVarint(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            output.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        output.append(UInt8(value))
    }

    private mutating func writeFixed(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { output.append(contentsOf: $0) }
    }

    /// Puts the length of what was written since `start` before it.
    private mutating func insertLength(from start: Int) {
        var length = output.count - start
        if length < 0x80 { return output.insert(UInt8(length), at: start) }
        var bytes: [UInt8] = []
        while length >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        bytes.append(UInt8(length))
        output.insert(contentsOf: bytes, at: start)
    }
}
