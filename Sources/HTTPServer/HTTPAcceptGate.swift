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
    private var isReadHeld = false

    init(registry: HTTPConnectionRegistry) { self.registry = registry }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = Self.unwrapInboundIn(data)
        guard registry.add(channel, now: context.eventLoop.now) else {
            channel.close(promise: nil)
            return
        }
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        // One look at a time is enough, however often a read is asked for.
        guard !isReadHeld else { return }
        guard !registry.hasRoom() else { return context.read() }
        isReadHeld = true
        let loopBound = NIOLoopBound((gate: self, context: context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.retry) {
            let (gate, context) = loopBound.value
            gate.isReadHeld = false
            if context.channel.isActive { gate.read(context: context) }
        }
    }
}
