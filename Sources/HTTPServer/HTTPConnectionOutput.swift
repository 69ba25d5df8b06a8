internal import NIOCore
internal import NIOHTTP1

/// The bytes on their way to a client. A response is written as one buffer, which is used again when the system has
/// taken it.
struct HTTPConnectionOutput {
    /// Longer bodies are written as they are instead of being copied behind their head.
    private static let maxCopiedBytes = 16 * 1024
    private static let initialCapacity = 512
    private static let maxKeptCapacity = 32 * 1024

    private var encoder = HTTPResponseEncoder()
    private var buffer = ByteBuffer()
    /// `buffer` holds bytes that are not with the channel yet.
    private var hasBytes = false
    private var needsFlush = false

    mutating func writeContinue() {
        prepare()
        buffer.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
    }

    mutating func write(
        _ response: HTTPServerResponse,
        plan: HTTPConnectionState.ResponsePlan,
        _ context: ChannelHandlerContext
    ) {
        prepare()
        encoder.writeHead(of: response, plan: plan, into: &buffer)
        let code = response.status.code
        if !plan.isHEAD && code != 204 && code != 304 { write(response.body, context) }
    }

    mutating func writeStreamingHead(
        status: HTTPResponseStatus,
        headers: HTTPHeaders,
        plan: HTTPConnectionState.ResponsePlan
    ) {
        prepare()
        encoder.writeStreamingHead(status: status, headers: headers, plan: plan, into: &buffer)
    }

    /// Writes a part of a streaming body.
    mutating func write(
        streamed bytes: ByteBuffer,
        plan: HTTPConnectionState.ResponsePlan,
        _ context: ChannelHandlerContext
    ) {
        // An empty chunk would end the body.
        guard bytes.readableBytes > 0, !plan.isHEAD else { return }
        prepare()
        if !plan.isHTTP10 { HTTPResponseEncoder.writeChunkHead(length: bytes.readableBytes, into: &buffer) }
        write(bytes, context)
        if !plan.isHTTP10 {
            prepare()
            buffer.writeStaticString("\r\n")
        }
    }

    mutating func writeStreamingEnd(plan: HTTPConnectionState.ResponsePlan) {
        guard !plan.isHTTP10, !plan.isHEAD else { return }
        prepare()
        buffer.writeStaticString("0\r\n\r\n")
    }

    mutating func flush(_ context: ChannelHandlerContext, promise: EventLoopPromise<Void>? = nil) {
        if hasBytes || promise != nil {
            if !hasBytes { buffer = ByteBuffer() }
            hasBytes = false
            needsFlush = false
            context.writeAndFlush(HTTPConnectionHandler.wrapOutboundOut(buffer), promise: promise)
        } else if needsFlush {
            needsFlush = false
            context.flush()
        }
    }

    private mutating func write(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        if bytes.readableBytes <= Self.maxCopiedBytes {
            buffer.writeImmutableBuffer(bytes)
            if buffer.readableBytes > Self.maxCopiedBytes { handOver(context) }
        } else {
            handOver(context)
            context.write(HTTPConnectionHandler.wrapOutboundOut(bytes), promise: nil)
        }
    }

    /// Hands over to the channel what is collected, so that it counts as pending there.
    private mutating func handOver(_ context: ChannelHandlerContext) {
        guard hasBytes else { return }
        hasBytes = false
        needsFlush = true
        context.write(HTTPConnectionHandler.wrapOutboundOut(buffer), promise: nil)
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
