internal import CZlib

/// Decompresses `bytes`, all of them: bytes behind the compressed data are an error. The result has at most `limit`
/// bytes; more is never set aside for it than that, rounded up by the growth of arrays.
public func inflate(
    _ bytes: [UInt8],
    format: CompressionFormat,
    limit: Int
) throws(CompressionError) -> [UInt8] {
    let result = bytes.withUnsafeBytes { source in
        Result { () throws(CompressionError) in
            var output: [UInt8] = []
            try inflate(source, format: format, limit: limit) { chunk in output.append(contentsOf: chunk) }
            return output
        }
    }
    return try result.get()
}

/// Decompresses bytes in place and hands the result to `output` piece by piece, without holding more of it than one
/// piece of at most 64 KiB. The pieces have `limit` bytes together at most; what was handed over before an error is
/// thrown, by `output` too, is to be dropped.
public func inflate(
    _ source: UnsafeRawBufferPointer,
    format: CompressionFormat,
    limit: Int,
    output: (UnsafeRawBufferPointer) throws(CompressionError) -> Void
) throws(CompressionError) {
    var inflater = try Inflater(source, format: format)
    var total = 0
    while let chunk = try inflater.next(atMost: limit - total) {
        total += chunk.count
        guard total <= limit else { throw .tooLarge(limit: limit) }
        try output(chunk)
    }
}

/// One decompression. zlib keeps pointers to the stream and into the source: both stay where they are.
private struct Inflater: ~Copyable {
    private static let chunkBytes = 64 * 1024

    private let stream: UnsafeMutablePointer<z_stream>
    private let chunk: UnsafeMutableRawBufferPointer
    private let format: CompressionFormat
    /// What zlib has not been told of yet: it counts in 32 bits.
    private var source: UnsafeRawBufferPointer.SubSequence
    private var isFinished = false

    init(_ source: UnsafeRawBufferPointer, format: CompressionFormat) throws(CompressionError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        chunk = .allocate(byteCount: Self.chunkBytes, alignment: 16)
        self.format = format
        self.source = source[...]
        guard steptrace_inflate_init(stream, format.windowBits(of: source)) == Z_OK else { throw .outOfMemory }
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
        chunk.deallocate()
    }

    /// The next bytes, valid until the next call; nil at the end. Where `room` is used up they are one byte too many,
    /// if there are any.
    mutating func next(atMost room: Int) throws(CompressionError) -> UnsafeRawBufferPointer? {
        while !isFinished {
            refill()
            let capacity = max(1, min(room, chunk.count))
            stream.pointee.next_out = chunk.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(capacity)
            let code = CZlib.inflate(stream, Z_NO_FLUSH)
            let produced = capacity - Int(stream.pointee.avail_out)
            switch code {
            case Z_OK:
                // Room was left: zlib has used all of its input.
                if produced < capacity && source.isEmpty && stream.pointee.avail_in == 0 { throw .truncated }
            case Z_STREAM_END:
                try endMember()
            case Z_BUF_ERROR:
                throw .truncated
            case Z_MEM_ERROR:
                throw .outOfMemory
            case Z_NEED_DICT:
                throw .corrupt("a preset dictionary is needed")
            default:
                throw .corrupt(stream.pointee.msg.map { String(cString: $0) } ?? "error \(code)")
            }
            if produced > 0 { return UnsafeRawBufferPointer(rebasing: chunk[..<produced]) }
        }
        return nil
    }

    private mutating func refill() {
        guard stream.pointee.avail_in == 0, !source.isEmpty else { return }
        let part = source.prefix(Int(UInt32.max))
        source = source.dropFirst(part.count)
        let bytes = UnsafeRawBufferPointer(rebasing: part).assumingMemoryBound(to: UInt8.self)
        stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
        stream.pointee.avail_in = UInt32(part.count)
    }

    private mutating func endMember() throws(CompressionError) {
        if source.isEmpty && stream.pointee.avail_in == 0 {
            isFinished = true
        } else if format == .gzip {
            inflateReset(stream)
        } else {
            throw .corrupt("bytes behind the end of the data")
        }
    }
}
