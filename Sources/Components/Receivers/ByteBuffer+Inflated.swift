import Compression
import NIOCore

extension ByteBuffer {
    /// The readable bytes decompressed, at most `limit` of them.
    func inflated(_ format: CompressionFormat, limit: Int) throws(CompressionError) -> ByteBuffer {
        var output = ByteBuffer()
        try withUnsafeReadableBytes { (source) throws(CompressionError) in
            try inflate(source, format: format, limit: limit) { output.writeBytes($0) }
        }
        return output
    }
}
