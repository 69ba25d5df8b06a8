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

    /// A request has begun: the handshakes of TLS and HTTP/2 are done.
    func streamOpened(_ now: NIODeadline) {
        timer?.cancel()
        timer = nil
        streams += 1
        if streams == 1 { activity.sends(since: now) }
    }

    func streamClosed(_ now: NIODeadline) {
        streams -= 1
        if streams == 0 { activity.waits(since: now) }
    }
}
