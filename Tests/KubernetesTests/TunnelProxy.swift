import NIOCore
import NIOPosix
import Synchronization

/// A proxy that opens tunnels, asked by HTTP CONNECT or SOCKS 5 (RFC 1928, without authentication): the first byte tells.
final class TunnelProxy: Sendable {
    private struct State {
        var requests: [String] = []
        var listener: (any Channel)?
    }

    private let state = Mutex(State())

    /// `CONNECT host:port` or `SOCKS 5 host:port` of each tunnel, with the credentials of a CONNECT behind.
    var requests: [String] { state.withLock { $0.requests } }

    /// Returns the port.
    func start() async throws -> Int {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Front(proxy: self))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        state.withLock { $0.listener = listener }
        return listener.localAddress?.port ?? 0
    }

    func stop() async throws { try await state.withLock { $0.listener }?.close() }

    fileprivate func see(_ request: String) { state.withLock { $0.requests.append(request) } }

    /// The side of the client: learns where to connect to, then passes bytes on.
    private final class Front: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private enum State {
            case asked
            case greeted
            case connecting
            case open(any Channel)
        }

        private let proxy: TunnelProxy
        private var state = State.asked
        private var bytes = ByteBuffer()

        init(proxy: TunnelProxy) { self.proxy = proxy }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var data = unwrapInboundIn(data)
            if case .open(let target) = state {
                target.writeAndFlush(data, promise: nil)
                return
            }
            bytes.writeBuffer(&data)
            switch state {
            case .asked where bytes.getInteger(at: bytes.readerIndex, as: UInt8.self) == 5:
                guard let methods = bytes.getInteger(at: bytes.readerIndex + 1, as: UInt8.self),
                    bytes.readSlice(length: 2 + Int(methods)) != nil
                else { return }
                state = .greeted
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: [5, 0])), promise: nil)
            case .asked:
                let text = String(buffer: bytes)
                guard text.hasSuffix("\r\n\r\n") else { return }
                bytes.clear()
                let lines = text.split(separator: "\r\n")
                let target = lines[0].split(separator: " ")[1]
                let login = lines.first { $0.hasPrefix("Proxy-Authorization: ") }.map { " \($0)" } ?? ""
                proxy.see("CONNECT \(target)\(login)")
                let parts = target.split(separator: ":")
                connect(String(parts[0]), Int(parts[1]) ?? 0, answer: "HTTP/1.1 200 OK\r\n\r\n".utf8, context)
            case .greeted:
                readSOCKSRequest(context)
            case .connecting, .open:
                break
            }
        }

        /// RFC 1928, 4: version, command, reserved, kind of address, address, port.
        private func readSOCKSRequest(_ context: ChannelHandlerContext) {
            guard let kind = bytes.getInteger(at: bytes.readerIndex + 3, as: UInt8.self) else { return }
            let host: String
            switch kind {
            case 1:
                guard let address = bytes.getBytes(at: bytes.readerIndex + 4, length: 4) else { return }
                host = address.map { "\($0)" }.joined(separator: ".")
                bytes.moveReaderIndex(forwardBy: 8)
            default:
                guard let length = bytes.getInteger(at: bytes.readerIndex + 4, as: UInt8.self),
                    let name = bytes.getString(at: bytes.readerIndex + 5, length: Int(length))
                else { return }
                host = name
                bytes.moveReaderIndex(forwardBy: 5 + Int(length))
            }
            guard let port = bytes.readInteger(as: UInt16.self) else { return }
            proxy.see("SOCKS 5 \(host):\(port)")
            connect(host, Int(port), answer: [5, 0, 0, 1, 0, 0, 0, 0, 0, 0], context)
        }

        private func connect(
            _ host: String,
            _ port: Int,
            answer: some Sequence<UInt8> & Sendable,
            _ context: ChannelHandlerContext
        ) {
            state = .connecting
            let client = context.channel
            ClientBootstrap(group: context.eventLoop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Back(client: client))
                    }
                }
                .connect(host: host, port: port)
                .assumeIsolated()
                .whenComplete { result in
                    guard case .success(let target) = result else { return client.close(promise: nil) }
                    self.state = .open(target)
                    client.writeAndFlush(ByteBuffer(bytes: answer), promise: nil)
                }
        }

        func channelInactive(context: ChannelHandlerContext) {
            if case .open(let target) = state { target.close(promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    /// The side of the server.
    private final class Back: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let client: any Channel

        init(client: any Channel) { self.client = client }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            client.writeAndFlush(unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { client.close(promise: nil) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
