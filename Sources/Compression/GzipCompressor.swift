internal import CZlib

/// Compresses to gzip, or another wrapping, again and again with the memory of one stream (about 256 KiB). For one thread
/// at a time.
public final class GzipCompressor {
    private let stream: UnsafeMutablePointer<z_stream>

    /// `level` is zlib's: 0 (none) to 9 (best), -1 for its default.
    public init(_ format: CompressionFormat = .gzip, level: Int = -1) throws(CompressionError) {
        guard (-1...9).contains(level) else { throw .invalidLevel(level) }
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // zlib's default memory level.
        guard steptrace_deflate_init(stream, CInt(level), format.writtenWindowBits, 8) == Z_OK else {
            stream.deallocate()
            throw .outOfMemory
        }
        self.stream = stream
    }

    deinit {
        deflateEnd(stream)
        stream.deallocate()
    }

    /// The room that `compress` needs for so many bytes.
    public func maxCompressedCount(of count: Int) -> Int {
        Int(deflateBound(stream, uLong(count)))
    }

    /// One gzip member, or one stream of the other format, of the bytes.
    public func compress(_ source: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: maxCompressedCount(of: source.count)) { buffer, count in
            count = compress(source, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Writes one gzip member to `destination`, which has room for `maxCompressedCount` bytes, and returns its length.
    public func compress(_ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer) -> Int {
        precondition(destination.count >= maxCompressedCount(of: source.count), "too little room to compress into")
        // Before the next bytes, as `deflateBound` is wrong for a stream that is finished.
        defer { deflateReset(stream) }
        var source = source[...]
        var written = 0
        // zlib counts in 32 bits.
        repeat {
            let input = source.prefix(Int(UInt32.max))
            source = source.dropFirst(input.count)
            let bytes = UnsafeRawBufferPointer(rebasing: input).assumingMemoryBound(to: UInt8.self)
            stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress)
            stream.pointee.avail_in = UInt32(input.count)
            let flush = source.isEmpty ? Z_FINISH : Z_NO_FLUSH
            repeat {
                let room = min(destination.count - written, Int(UInt32.max))
                stream.pointee.next_out = destination.baseAddress?.advanced(by: written)
                    .assumingMemoryBound(to: UInt8.self)
                stream.pointee.avail_out = UInt32(room)
                let code = deflate(stream, flush)
                written += room - Int(stream.pointee.avail_out)
                precondition(code != Z_STREAM_ERROR, "the stream of a compressor is broken")
            } while stream.pointee.avail_out == 0 && written < destination.count
        } while !source.isEmpty
        return written
    }
}

/// One gzip member of `bytes`. Where many are compressed, keep a `GzipCompressor`.
public func gzip(_ bytes: [UInt8], level: Int = -1) throws(CompressionError) -> [UInt8] {
    let compressor = try GzipCompressor(level: level)
    return bytes.withUnsafeBytes { compressor.compress($0) }
}
