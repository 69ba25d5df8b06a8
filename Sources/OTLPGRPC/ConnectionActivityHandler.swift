internal import HTTPServer
internal import NIOCore

/// Stands in a connection's pipeline, and says what it is at; closes it when its handshake takes too long.
final class ConnectionActivityHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let activity: ConnectionActivity
    private let handshakeTimeout: TimeAmount
    private var streams = 0
    private var timer: Scheduled<Void>?

    init(_ activity: ConnectionActivity, handshakeTimeout: TimeAmount) {
        self.activity = activity
        self.handshakeTimeout = handshakeTimeout
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        timer = context.eventLoop.scheduleTask(in: handshakeTimeout) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    /// The client has said something behind the handshake of TLS. It may wait for its first request as long as it likes.
    fileprivate func handshakeEnded() {
        timer?.cancel()
        timer = nil
    }

    func streamOpened(_ now: NIODeadline) {
        streams += 1
        if streams == 1 { activity.sends(since: now) }
    }

    func streamClosed(_ now: NIODeadline) {
        streams -= 1
        if streams == 0 { activity.waits(since: now) }
    }
}

/// Stands behind TLS until the first bytes have come through it.
final class HandshakeEndHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let connection: ConnectionActivityHandler

    init(_ connection: ConnectionActivityHandler) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.handshakeEnded()
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
}
