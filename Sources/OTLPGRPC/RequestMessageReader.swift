internal import Compression
internal import GRPCCore
internal import NIOCore

/// Takes messages out of the DATA frames of a request, and decompresses them: each comes out whole, with the length
/// prefix of an uncompressed message. Its errors are those of grpc-go, and with it of the Collector.
struct RequestMessageReader {
    /// The flag whether the message is compressed, and its length in four bytes.
    static let prefixBytes = 5

    private let limit: Int
    private let isGzip: Bool
    /// Nil when there is no bound, and once they are not needed.
    private var memory: RequestMemory?
    private var buffer = ByteBuffer()

    /// - Parameters:
    ///   - limit: of a message's bytes, before and after decompression.
    ///   - encoding: `grpc-encoding` of the request. One that the server does not know is refused elsewhere.
    ///   - memory: what the messages may have in memory; nil for no bound.
    init(limit: Int, encoding: String?, memory: RequestMemory? = nil) {
        self.limit = limit
        self.memory = memory
        isGzip = encoding == "gzip"
    }

    /// Whether a message has begun and not ended.
    var isWithinMessage: Bool { buffer.readableBytes > 0 }

    /// How many bytes of the message that has begun have not come.
    var missingBytes: Int {
        guard let length = buffer.getInteger(at: buffer.readerIndex + 1, as: UInt32.self) else { return 0 }
        return Int(length) + Self.prefixBytes - buffer.readableBytes
    }

    /// - Throws: `noRoom` when there is no memory for them at the moment.
    mutating func append(_ bytes: ByteBuffer) throws(ExportError) {
        try hold(bytes.readableBytes)
        if buffer.readableBytes == 0 {
            buffer = bytes
        } else {
            buffer.writeImmutableBuffer(bytes)
        }
    }

    /// The next message; nil when it has not come in full.
    mutating func next() throws(ExportError) -> ByteBuffer? {
        let start = buffer.readerIndex
        guard let flag = buffer.getInteger(at: start, as: UInt8.self) else { return nil }
        guard flag <= 1 else {
            throw ExportError(.internalError, "grpc: received unexpected payload format \(flag)")
        }
        guard flag == 0 || isGzip else {
            throw ExportError(.internalError, "grpc: compressed flag set with identity or empty encoding")
        }
        guard let length = buffer.getInteger(at: start + 1, as: UInt32.self) else { return nil }
        guard length <= limit else {
            throw ExportError(.resourceExhausted, "grpc: received message larger than max (\(length) vs. \(limit))")
        }
        if let memory, Int(length) - buffer.readableBytes > memory.room { throw .noRoom }
        guard let message = buffer.readSlice(length: Self.prefixBytes + Int(length)) else { return nil }
        return flag == 0 ? message : try decompressed(message)
    }

    /// The request has ended.
    func end() throws(ExportError) {
        if isWithinMessage {
            throw ExportError(.internalError, "grpc: the request ended within a message: unexpected EOF")
        }
    }

    private func decompressed(_ message: ByteBuffer) throws(ExportError) -> ByteBuffer {
        try hold(Self.prefixBytes)
        var output = ByteBuffer()
        output.writeRepeatingByte(0, count: Self.prefixBytes)
        do {
            try message.readableBytesView.dropFirst(Self.prefixBytes).withUnsafeBytes {
                source throws(CompressionError) in
                try inflate(source, format: .gzip, limit: limit) { (chunk) throws(CompressionError) in
                    if let memory, !memory.take(chunk.count) { throw .outOfMemory }
                    output.writeBytes(chunk)
                }
            }
        } catch CompressionError.outOfMemory {
            throw .noRoom
        } catch CompressionError.tooLarge {
            throw ExportError(
                .resourceExhausted,
                "grpc: received message after decompression larger than max \(limit)"
            )
        } catch {
            throw ExportError(.internalError, "grpc: failed to decompress the received message: \(error)")
        }
        output.setInteger(UInt32(output.readableBytes - Self.prefixBytes), at: 1)
        return output
    }

    private func hold(_ bytes: Int) throws(ExportError) {
        if let memory, !memory.take(bytes) { throw .noRoom }
    }

    /// The messages are not needed here any more.
    mutating func giveBack() {
        memory = nil
        buffer = ByteBuffer()
    }
}

extension ExportError {
    /// There is no memory for the message at the moment.
    static let noRoom = ExportError(
        .unavailable,
        "too many requests are being read: no memory for another one at the moment",
        retryAfter: .seconds(1)
    )
}
