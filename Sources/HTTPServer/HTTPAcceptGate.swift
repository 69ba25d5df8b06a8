internal import NIOCore

/// Stands in the pipeline of the listening socket: enters accepted connections in the registry, and accepts none while
/// every connection there may be is being served.
final class HTTPAcceptGate: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    /// How soon to look again whether there is room. A clock needs no connection to remember who waits for it.
    private static let retry = TimeAmount.milliseconds(20)

    private let registry: HTTPConnectionRegistry
    /// Accepted while there was room, which was gone when it came: it waits as those in the backlog do.
    private var waiting: (any Channel)?
    private var isReadHeld = false

    init(registry: HTTPConnectionRegistry) { self.registry = registry }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = Self.unwrapInboundIn(data)
        if registry.add(channel, now: context.eventLoop.now) {
            context.fireChannelRead(data)
        } else {
            waiting?.close(promise: nil)
            waiting = channel
        }
    }

    func read(context: ChannelHandlerContext) {
        // One look at a time is enough, however often a read is asked for.
        guard !isReadHeld else { return }
        if let channel = waiting, registry.add(channel, now: context.eventLoop.now) {
            waiting = nil
            context.fireChannelRead(Self.wrapInboundOut(channel))
            context.fireChannelReadComplete()
        }
        guard waiting != nil || !registry.hasRoom() else { return context.read() }
        isReadHeld = true
        let loopBound = NIOLoopBound((gate: self, context: context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.retry) {
            let (gate, context) = loopBound.value
            gate.isReadHeld = false
            if context.channel.isActive { gate.read(context: context) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        waiting?.close(promise: nil)
        waiting = nil
        context.fireChannelInactive()
    }
}
