import Compression
import NIOCore

extension ByteBuffer {
    /// The readable bytes decompressed, at most `limit` of them.
    ///
    /// - Parameter hold: asked for memory for so many bytes of the result in all, before they are there; false when there is
    ///   none, which is thrown as `outOfMemory`.
    func inflated(
        _ format: CompressionFormat,
        limit: Int,
        hold: (Int) -> Bool
    ) throws(CompressionError) -> ByteBuffer {
        var output = ByteBuffer()
        try withUnsafeReadableBytes { (source) throws(CompressionError) in
            try inflate(source, format: format, limit: limit) { (chunk) throws(CompressionError) in
                guard hold(output.readableBytes + chunk.count) else { throw .outOfMemory }
                output.writeBytes(chunk)
            }
        }
        return output
    }
}
