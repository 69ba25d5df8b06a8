public import NIOCore
public import NIOHTTP1
internal import Synchronization

/// Sends the answer to one request, on any thread. Only the first of its answers is sent. When it is dropped without
/// one, the server answers with 500, so that no connection hangs.
public final class HTTPResponder: Sendable {
    private let connection: NIOLoopBound<HTTPConnectionHandler>
    private let id: UInt64
    private let isUsed = Atomic(false)

    init(_ connection: NIOLoopBound<HTTPConnectionHandler>, id: UInt64) {
        self.connection = connection
        self.id = id
    }

    /// Sends the whole response. Does nothing when the client has gone.
    public func respond(_ response: HTTPServerResponse) {
        guard !isUsed.exchange(true, ordering: .relaxed) else { return }
        send(response)
    }

    /// Sends the head of a response whose body follows piece by piece: chunked, or for HTTP/1.0 up to the end of the
    /// connection. When an answer was given already, the writer is closed.
    public func respondStreaming(status: HTTPResponseStatus, headers: HTTPHeaders = [:]) -> HTTPBodyWriter {
        let writer = HTTPBodyWriter(connection, id: id, isFinished: isUsed.exchange(true, ordering: .relaxed))
        let id = id
        if !writer.isFinished {
            connection.run { $0.startStreaming(id, status: status, headers: headers) }
        }
        return writer
    }

    /// Sends these bytes as they are, in place of a response, and closes the connection: for servers that play a broken
    /// one. Bytes that do not go out at once are lost.
    public func breakOff(after bytes: ByteBuffer) {
        guard !isUsed.exchange(true, ordering: .relaxed) else { return }
        let id = id
        connection.run { $0.breakOff(id, after: bytes) }
    }

    private func send(_ response: HTTPServerResponse) {
        if connection.eventLoop.inEventLoop {
            // The usual case, without a closure on the heap.
            connection.value.respond(to: id, with: response)
        } else {
            let id = id
            let connection = connection
            connection.eventLoop.execute { connection.value.respond(to: id, with: response) }
        }
    }

    deinit {
        if !isUsed.load(ordering: .relaxed) {
            send(.text(.internalServerError, "500 internal server error\n"))
        }
    }
}

extension NIOLoopBound<HTTPConnectionHandler> {
    /// At once when already on the connection's event loop.
    func run(_ body: @escaping @Sendable (HTTPConnectionHandler) -> Void) {
        if eventLoop.inEventLoop {
            body(value)
        } else {
            eventLoop.execute { body(self.value) }
        }
    }
}
