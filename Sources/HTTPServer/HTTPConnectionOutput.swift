internal import NIOCore
internal import NIOHTTP1

/// Collects the bytes on their way to a client. Responses are written into one buffer, which is used again when the
/// system has taken it. It calls nobody: writing to a channel can call back into the connection.
struct HTTPConnectionOutput {
    /// Longer bodies are written as they are instead of being copied behind their head.
    private static let maxCopiedBytes = 16 * 1024
    private static let initialCapacity = 512
    private static let maxKeptCapacity = 32 * 1024

    private var encoder = HTTPResponseEncoder()
    private var buffer = ByteBuffer()
    private var hasBytes = false

    /// Enough is collected for one write.
    var isFull: Bool { hasBytes && buffer.readableBytes >= Self.maxCopiedBytes }

    /// What is collected; nil when nothing is.
    mutating func take() -> ByteBuffer? {
        guard hasBytes else { return nil }
        hasBytes = false
        return buffer
    }

    mutating func writeContinue() {
        prepare()
        buffer.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// Returns the body when it is to be written apart, behind what is collected.
    mutating func write(_ response: HTTPServerResponse, plan: HTTPConnectionState.ResponsePlan) -> ByteBuffer? {
        prepare()
        encoder.writeHead(of: response, plan: plan, into: &buffer)
        let code = response.status.code
        return plan.isHEAD || code == 204 || code == 304 ? nil : write(response.body)
    }

    mutating func writeStreamingHead(
        status: HTTPResponseStatus,
        headers: HTTPHeaders,
        plan: HTTPConnectionState.ResponsePlan
    ) {
        prepare()
        encoder.writeStreamingHead(status: status, headers: headers, plan: plan, into: &buffer)
    }

    /// Writes the head of a chunk (RFC 9112, 7.1) and its bytes, unless they are returned to be written apart.
    /// `writeChunkEnd` goes behind them.
    mutating func writeChunk(_ bytes: ByteBuffer, plan: HTTPConnectionState.ResponsePlan) -> ByteBuffer? {
        prepare()
        if !plan.isHTTP10 {
            buffer.writeString(String(bytes.readableBytes, radix: 16))
            buffer.writeStaticString("\r\n")
        }
        return write(bytes)
    }

    mutating func writeChunkEnd(plan: HTTPConnectionState.ResponsePlan) {
        guard !plan.isHTTP10 else { return }
        prepare()
        buffer.writeStaticString("\r\n")
    }

    mutating func writeStreamingEnd(plan: HTTPConnectionState.ResponsePlan) {
        guard !plan.isHTTP10, !plan.isHEAD else { return }
        prepare()
        buffer.writeStaticString("0\r\n\r\n")
    }

    private mutating func write(_ bytes: ByteBuffer) -> ByteBuffer? {
        guard bytes.readableBytes <= Self.maxCopiedBytes else { return bytes }
        buffer.writeImmutableBuffer(bytes)
        return nil
    }

    private mutating func prepare() {
        guard !hasBytes else { return }
        hasBytes = true
        if buffer.capacity == 0 || buffer.capacity > Self.maxKeptCapacity {
            buffer = ByteBufferAllocator().buffer(capacity: Self.initialCapacity)
        } else {
            // Allocates only when the channel still holds the last one.
            buffer.clear()
        }
    }
}
