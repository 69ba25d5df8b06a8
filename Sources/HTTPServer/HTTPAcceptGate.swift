internal import NIOCore

/// Stands in the pipeline of the listening socket: enters accepted connections in the registry and accepts none while
/// there are as many as allowed.
final class HTTPAcceptGate: ChannelDuplexHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    private let registry: HTTPConnectionRegistry
    private let limit: Int
    private var isReadHeld = false

    init(registry: HTTPConnectionRegistry, limit: Int) {
        self.registry = registry
        self.limit = limit
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        registry.add(Self.unwrapInboundIn(data))
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        let loopBound = NIOLoopBound((gate: self, context: context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        isReadHeld = !registry.hasRoom(limit: limit) {
            eventLoop.execute {
                let (gate, context) = loopBound.value
                if gate.isReadHeld { gate.read(context: context) }
            }
        }
        if !isReadHeld { context.read() }
    }
}
