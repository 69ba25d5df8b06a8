import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import HTTPServer

@Suite(.timeLimit(.minutes(1))) struct HTTPBodyWriterTests {
    /// A connection at a streaming response whose client takes no more bytes.
    private func blockedWriter() async throws -> (NIOAsyncTestingChannel, HTTPBodyWriter) {
        let handler = TestHandler(.hold)
        let channel = try await NIOAsyncTestingChannel { channel in
            try HTTPServer.addHandlers(
                to: channel,
                maxHeaderBytes: 65536,
                connection: HTTPConnectionHandler(
                    handler: handler,
                    timeouts: HTTPConnectionState.Timeouts(),
                    now: channel.eventLoop.now
                )
            )
        }
        try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1))
        try await channel.writeInbound(ByteBuffer(string: "GET /a HTTP/1.1\r\nHost: x\r\n\r\n"))
        let writer = await handler.waitForNext().respondStreaming(status: .ok)
        _ = try await channel.waitForOutboundWrite(as: ByteBuffer.self)
        try await channel.testingEventLoop.executeInContext { channel.isWritable = false }
        return (channel, writer)
    }

    @Test func waitsUntilTheClientTakesBytes() async throws {
        let (channel, writer) = try await blockedWriter()
        let write = Task { try await writer.write(ByteBuffer(string: "abc")) }
        #expect(try await channel.waitForOutboundWrite(as: ByteBuffer.self) == ByteBuffer(string: "3\r\nabc\r\n"))
        try await channel.testingEventLoop.executeInContext {
            channel.isWritable = true
            channel.pipeline.fireChannelWritabilityChanged()
        }
        try await write.value
        writer.finish()
        #expect(try await channel.waitForOutboundWrite(as: ByteBuffer.self) == ByteBuffer(string: "0\r\n\r\n"))
        _ = try? await channel.finish(acceptAlreadyClosed: true)
    }

    @Test("a cancelled write ends at once, and the stream with it")
    func endsWithItsTask() async throws {
        let (channel, writer) = try await blockedWriter()
        let write = Task { try await writer.write(ByteBuffer(string: "abc")) }
        _ = try await channel.waitForOutboundWrite(as: ByteBuffer.self)
        write.cancel()
        await #expect(throws: HTTPBodyWriterError.cancelled) { try await write.value }
        await #expect(throws: HTTPBodyWriterError.cancelled) { try await writer.write(ByteBuffer(string: "abc")) }
        _ = try? await channel.finish(acceptAlreadyClosed: true)
    }

    @Test func endsWithTheConnection() async throws {
        let (channel, writer) = try await blockedWriter()
        let write = Task { try await writer.write(ByteBuffer(string: "abc")) }
        _ = try await channel.waitForOutboundWrite(as: ByteBuffer.self)
        try await channel.close()
        await #expect(throws: HTTPBodyWriterError.peerClosed) { try await write.value }
        await withCheckedContinuation { closed in writer.onClose { closed.resume() } }
    }
}
