/// A cursor over one message in protobuf's wire format.
///
/// It accepts exactly what swift-protobuf's decoder accepts. All unsafe reads of the scanner happen here; each is
/// preceded by a check against `end`, which never lies beyond the buffer: `init` takes it from there, and
/// `message(_:)` only ever narrows it. A reader must not outlive the buffer it was made for.
struct WireReader {
    private let base: UnsafeRawPointer
    /// Of the next byte, from the start of the body.
    private(set) var offset: Int
    private let end: Int
    /// How many more levels of messages and groups may follow below this one.
    private let depthBudget: Int

    private init(base: UnsafeRawPointer, offset: Int, end: Int, depthBudget: Int) {
        self.base = base
        self.offset = offset
        self.end = end
        self.depthBudget = depthBudget
    }

    /// A reader of the outermost message; nil when the buffer is empty.
    ///
    /// - Parameter depthLimit: how many levels of messages and groups may nest, the outermost included.
    init?(_ buffer: UnsafeRawBufferPointer, depthLimit: Int) {
        guard let base = buffer.baseAddress, !buffer.isEmpty else { return nil }
        self.init(base: base, offset: 0, end: buffer.count, depthBudget: depthLimit - 1)
    }

    // MARK: Tags

    /// The next field's tag (field number and wire type, as on the wire), or nil at the end of the message.
    @inline(__always)
    mutating func nextTag() throws(OTLPDecodingError) -> UInt32? {
        guard offset < end else { return nil }
        let first = byte(at: offset)
        // One byte: field 1 to 15 and a wire type that exists.
        if first < 0x80, first >= 8, first & 7 <= 5 {
            offset += 1
            return UInt32(first)
        }
        return try longTag(maximumLength: 5)
    }

    /// swift-protobuf reads tags inside of groups as any varint, others with at most five bytes.
    @inline(never)
    private mutating func longTag(maximumLength: Int) throws(OTLPDecodingError) -> UInt32 {
        let start = offset
        let value = try varint()
        guard let tag = UInt32(exactly: value), tag >= 8, tag & 7 <= 5, offset - start <= maximumLength else {
            throw OTLPDecodingError(.malformedTag, at: start)
        }
        return tag
    }

    // MARK: Values

    /// A submessage, from its length on; this reader goes on behind it.
    @inline(__always)
    mutating func message() throws(OTLPDecodingError) -> WireReader {
        let start = offset
        let range = try bytes()
        guard depthBudget > 0 else { throw OTLPDecodingError(.nestedTooDeeply, at: start) }
        return WireReader(base: base, offset: range.lowerBound, end: range.upperBound, depthBudget: depthBudget - 1)
    }

    /// The range of a string, which is checked to be UTF-8.
    @inline(__always)
    mutating func string(_ field: OTLPDecodingError.Field) throws(OTLPDecodingError) -> Range<Int> {
        let range = try bytes()
        guard isASCII(range) || isUTF8(range) else {
            throw OTLPDecodingError(.invalidUTF8(field: field), at: range.lowerBound)
        }
        return range
    }

    /// A trace id of 16 bytes; invalid (zero) when it has none.
    @inline(__always)
    mutating func traceID() throws(OTLPDecodingError) -> TraceID {
        let range = try bytes()
        switch range.count {
        case 16: return TraceID(high: word(at: range.lowerBound), low: word(at: range.lowerBound + 8))
        case 0: return TraceID(high: 0, low: 0)
        default:
            let reason = OTLPDecodingError.Reason.wrongIDLength(field: .traceID, actual: range.count, expected: 16)
            throw OTLPDecodingError(reason, at: range.lowerBound)
        }
    }

    /// A span id of eight bytes; invalid (zero) when it has none.
    @inline(__always)
    mutating func spanID(_ field: OTLPDecodingError.Field) throws(OTLPDecodingError) -> SpanID {
        let range = try bytes()
        switch range.count {
        case 8: return SpanID(word(at: range.lowerBound))
        case 0: return SpanID(0)
        default:
            let reason = OTLPDecodingError.Reason.wrongIDLength(field: field, actual: range.count, expected: 8)
            throw OTLPDecodingError(reason, at: range.lowerBound)
        }
    }

    /// Passes over the value of a field that is not looked at, checking its form.
    @inline(__always)
    mutating func skip(_ tag: UInt32) throws(OTLPDecodingError) {
        switch tag & 7 {
        case 0: _ = try varint()
        case 1: try advance(by: 8)
        case 2: _ = try bytes()
        case 3: try skipGroup(tag, depthBudget: depthBudget)
        case 5: try advance(by: 4)
        default: throw OTLPDecodingError(.unmatchedEndGroup, at: offset)
        }
    }

    @inline(never)
    private mutating func skipGroup(_ start: UInt32, depthBudget: Int) throws(OTLPDecodingError) {
        guard depthBudget > 0 else { throw OTLPDecodingError(.nestedTooDeeply, at: offset) }
        let endTag = start + 1
        while true {
            let tag = try longTag(maximumLength: 10)
            if tag == endTag { return }
            if tag & 7 == 3 {
                try skipGroup(tag, depthBudget: depthBudget - 1)
            } else {
                try skip(tag)
            }
        }
    }

    /// Whether the bytes of a range of this body equal `other`.
    @inline(__always)
    func equals(_ range: Range<Int>, _ other: [UInt8]) -> Bool {
        guard range.count == other.count else { return false }
        for index in 0..<other.count where byte(at: range.lowerBound + index) != other[index] {
            return false
        }
        return true
    }

    // MARK: Bytes

    /// The range of a length-delimited value.
    @inline(__always)
    mutating func bytes() throws(OTLPDecodingError) -> Range<Int> {
        let start = offset
        let length = try varint()
        guard length <= UInt64(end - offset) else {
            throw OTLPDecodingError(.lengthBeyondEnd(length: length, available: end - offset), at: start)
        }
        let lower = offset
        offset += Int(length)
        return Range(uncheckedBounds: (lower, offset))
    }

    @inline(__always)
    mutating func varint() throws(OTLPDecodingError) -> UInt64 {
        guard offset < end else { throw OTLPDecodingError(.truncated, at: offset) }
        let first = byte(at: offset)
        if first < 0x80 {
            offset += 1
            return UInt64(first)
        }
        return try longVarint()
    }

    mutating func fixed64() throws(OTLPDecodingError) -> UInt64 {
        let start = offset
        try advance(by: 8)
        return UInt64(littleEndian: base.loadUnaligned(fromByteOffset: start, as: UInt64.self))
    }

    mutating func fixed32() throws(OTLPDecodingError) -> UInt32 {
        let start = offset
        try advance(by: 4)
        return UInt32(littleEndian: base.loadUnaligned(fromByteOffset: start, as: UInt32.self))
    }

    @inline(never)
    private mutating func longVarint() throws(OTLPDecodingError) -> UInt64 {
        let start = offset
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard offset < end else { throw OTLPDecodingError(.truncated, at: start) }
            let next = byte(at: offset)
            offset += 1
            // What of the tenth byte exceeds 64 bits is dropped, as every decoder does.
            value |= UInt64(next & 0x7F) &<< shift
            if next < 0x80 { return value }
        }
        throw OTLPDecodingError(.malformedVarint, at: start)
    }

    @inline(__always)
    private mutating func advance(by count: Int) throws(OTLPDecodingError) {
        guard end - offset >= count else { throw OTLPDecodingError(.truncated, at: offset) }
        offset += count
    }

    /// Only for offsets below `end`.
    @inline(__always)
    private func byte(at offset: Int) -> UInt8 {
        base.load(fromByteOffset: offset, as: UInt8.self)
    }

    /// Eight bytes, big-endian; only for offsets at least eight below `end`.
    @inline(__always)
    private func word(at offset: Int) -> UInt64 {
        UInt64(bigEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(__always)
    private func isASCII(_ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        var bits: UInt64 = 0
        while range.upperBound - index >= 8 {
            bits |= word(at: index)
            index += 8
        }
        while index < range.upperBound {
            bits |= UInt64(byte(at: index))
            index += 1
        }
        return bits & 0x8080_8080_8080_8080 == 0
    }

    @inline(never)
    private func isUTF8(_ range: Range<Int>) -> Bool {
        UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count).withMemoryRebound(to: UInt8.self) {
            do {
                _ = try UTF8Span(validating: $0.span)
                return true
            } catch {
                return false
            }
        }
    }
}
