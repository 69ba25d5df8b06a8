internal import Compression
internal import GRPCCore
internal import HTTPServer
internal import NIOCore

/// Takes messages out of the DATA frames of a request, and decompresses them: each comes out whole, with the length
/// prefix of an uncompressed message. Its errors are those of grpc-go, and with it of the Collector.
struct RequestMessageReader {
    /// The flag whether the message is compressed, and its length in four bytes.
    static let prefixBytes = 5

    private let limit: Int
    private let isGzip: Bool
    private let bodies: BodyBudget?
    /// What the messages have of `bodies`.
    private var heldBytes = 0
    private var buffer = ByteBuffer()

    /// - Parameters:
    ///   - limit: of a message's bytes, before and after decompression.
    ///   - encoding: `grpc-encoding` of the request. One that the server does not know is refused elsewhere.
    ///   - bodies: what all messages may have in memory together.
    init(limit: Int, encoding: String?, bodies: BodyBudget? = nil) {
        self.limit = limit
        self.bodies = bodies
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
        if let bodies, Int(length) - buffer.readableBytes > bodies.room(own: heldBytes) - heldBytes { throw .noRoom }
        guard let message = buffer.readSlice(length: Self.prefixBytes + Int(length)) else { return nil }
        return flag == 0 ? message : try decompressed(message)
    }

    /// The request has ended.
    func end() throws(ExportError) {
        if isWithinMessage {
            throw ExportError(.internalError, "grpc: the request ended within a message: unexpected EOF")
        }
    }

    private mutating func decompressed(_ message: ByteBuffer) throws(ExportError) -> ByteBuffer {
        try hold(Self.prefixBytes)
        var output = ByteBuffer()
        var held = heldBytes
        defer { heldBytes = held }
        output.writeRepeatingByte(0, count: Self.prefixBytes)
        do {
            try message.readableBytesView.dropFirst(Self.prefixBytes).withUnsafeBytes {
                source throws(CompressionError) in
                try inflate(source, format: .gzip, limit: limit) { (chunk) throws(CompressionError) in
                    if let bodies {
                        guard bodies.take(chunk.count, own: held) else { throw .outOfMemory }
                        held += chunk.count
                    }
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

    private mutating func hold(_ bytes: Int) throws(ExportError) {
        guard let bodies else { return }
        guard bodies.take(bytes, own: heldBytes) else { throw .noRoom }
        heldBytes += bytes
    }

    /// The messages are not in memory any more.
    mutating func giveBack() {
        bodies?.giveBack(heldBytes)
        heldBytes = 0
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
