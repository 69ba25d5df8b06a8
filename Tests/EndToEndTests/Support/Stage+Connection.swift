import NIOCore
import NIOPosix

extension Stage {
    /// Sends `text` on a connection of its own and returns what is answered until the gateway closes it.
    func exchange(_ text: String) async throws -> String {
        try await connect().executeThenClose { inbound, outbound in
            var answer = ByteBuffer()
            do {
                try await outbound.write(ByteBuffer(string: text))
                outbound.finish()
            } catch {
                // The gateway may have closed the connection before it has read all.
            }
            for try await piece in inbound { answer.writeImmutableBuffer(piece) }
            return String(buffer: answer)
        }
    }

    /// Sends bytes on a connection of its own and closes that.
    func cutOff(_ bytes: some Sequence<UInt8> & Sendable) async throws {
        try await connect().executeThenClose { _, outbound in
            try await outbound.write(ByteBuffer(bytes: bytes))
        }
    }

    private func connect() async throws -> NIOAsyncChannel<ByteBuffer, ByteBuffer> {
        let address = url.dropFirst("http://".count).split(separator: ":")
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: String(address[0]), port: Int(address[1]) ?? 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true)
                    )
                }
            }
    }
}
