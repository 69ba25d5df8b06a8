internal import NIOCore
internal import NIOHTTP1

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
        guard state.phase == .body, request != nil, let context else { return }
        guard state.bodyArrived(bytes: bytes.readableBytes) else {
            let limit = state.bodyLimit
            return refuseBody { handler.bodyTooLarge(limit: limit, headers: $0) }
        }
        if let bodies {
            guard bodies.take(bytes.readableBytes, own: heldBytes) else {
                return refuseBody { handler.noRoomForBody(headers: $0) }
            }
            heldBytes += bytes.readableBytes
        }
        guard body == nil else { return append(bytes) }
        // A slice keeps the whole receive buffer alive, and the next read needs a new one: only worth it for bytes
        // that fill most of it.
        var capacity = bytes.readableBytes
        if case .fixed(let length) = state.framing.body, length > capacity {
            capacity = min(length, Self.maxReservedBytes)
        }
        var body = context.channel.allocator.buffer(capacity: capacity)
        body.writeImmutableBuffer(bytes)
        self.body = body
    }

    /// - Parameter response: from the request's headers.
    private func refuseBody(_ response: (HTTPHeaders) -> HTTPServerResponse) {
        let headers = request.take()?.headers ?? [:]
        dropBody()
        respondNow(response(headers), close: true)
    }

    private func append(_ bytes: ByteBuffer) {
        // A client that has sent as much as this is believed about the rest.
        if case .fixed(let length) = state.framing.body, let body, bytes.readableBytes > body.writableBytes {
            self.body?.reserveCapacity(length)
        }
        body?.writeImmutableBuffer(bytes)
    }

    /// What has come of the body is of no use any more.
    func dropBody() {
        body = nil
        guard heldBytes > 0 else { return }
        bodies?.giveBack(heldBytes)
        heldBytes = 0
    }
}
