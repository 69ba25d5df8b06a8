internal import NIOCore

extension HTTPConnectionHandler {
    /// What is set aside for a body before its bytes have come.
    private static let maxReservedBytes = 1024 * 1024

    /// Whether the body that the request announces would be taken now.
    var hasRoomForBody: Bool {
        guard let bodies else { return true }
        return switch state.framing.body {
        case .none: true
        case .fixed(let length): length <= bodies.room(own: 0)
        case .chunked: bodies.room(own: 0) > 0
        }
    }

    func process(body bytes: ByteBuffer) {
        guard state.phase == .body, let context, let request else { return }
        guard state.bodyArrived(bytes: bytes.readableBytes) else {
            let limit = state.bodyLimit
            self.request = nil
            dropBody()
            respondNow(handler.bodyTooLarge(limit: limit, headers: request.headers), close: true)
            return
        }
        if let bodies {
            guard bodies.take(bytes.readableBytes, own: heldBytes) else {
                self.request = nil
                dropBody()
                respondNow(handler.noRoomForBody(headers: request.headers), close: true)
                return
            }
            heldBytes += bytes.readableBytes
        }
        if body.readableBytes > 0 {
            append(bytes)
            return
        }
        // A slice keeps the whole receive buffer alive, and the next read needs a new one: only worth it for bytes
        // that fill most of it.
        if case .fixed(let length) = state.framing.body, length > bytes.readableBytes {
            body = context.channel.allocator.buffer(capacity: min(length, Self.maxReservedBytes))
        } else {
            body = context.channel.allocator.buffer(capacity: bytes.readableBytes)
        }
        body.writeImmutableBuffer(bytes)
    }

    private func append(_ bytes: ByteBuffer) {
        // A client that has sent as much as this is believed about the rest.
        if case .fixed(let length) = state.framing.body, bytes.readableBytes > body.writableBytes {
            body.reserveCapacity(length)
        }
        body.writeImmutableBuffer(bytes)
    }

    /// What has come of the body is of no use any more.
    func dropBody() {
        body = ByteBuffer()
        guard heldBytes > 0 else { return }
        bodies?.giveBack(heldBytes)
        heldBytes = 0
    }
}
