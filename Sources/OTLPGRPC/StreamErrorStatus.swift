internal import GRPCCore
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// Answers a request that the transport cannot decode (too long, corrupt gzip) with a status.
///
/// The transport closes such a stream without one; the sender would take that for an outage and send again. This
/// transport does not say which of the two it was, hence Internal for both. The handler is first in a stream's pipeline,
/// so the close passes through it.
final class StreamErrorStatus: ChannelOutboundHandler {
    typealias OutboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    /// Last in the pipeline: where errors end up.
    private final class Tail: ChannelInboundHandler {
        typealias InboundIn = Any

        private let status: StreamErrorStatus

        init(_ status: StreamErrorStatus) { self.status = status }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            status.hasFailed = true
            context.fireErrorCaught(error)
        }
    }

    private var hasFailed = false
    private var hasAnswered = false

    static func add(to channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let status = StreamErrorStatus()
            try channel.pipeline.syncOperations.addHandler(status, position: .first)
            try channel.pipeline.syncOperations.addHandler(Tail(status), position: .last)
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .headers = unwrapOutboundIn(data) { hasAnswered = true }
        context.write(data, promise: promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if hasFailed, !hasAnswered, mode == .all, context.channel.isActive {
            hasAnswered = true
            let headers: HPACKHeaders = [
                ":status": "200",
                "content-type": "application/grpc",
                "grpc-status": "\(RPCError.Code.internalError.rawValue)",
                "grpc-message": "grpc: received message far larger than max, or not decodable",
            ]
            let payload = HTTP2Frame.FramePayload.headers(.init(headers: headers, endStream: true))
            context.writeAndFlush(wrapOutboundOut(payload), promise: nil)
        }
        context.close(mode: mode, promise: promise)
    }
}
