public import NIOCore
public import NIOHTTP1
internal import Synchronization

/// Sends the answer to one request, on any thread. Only the first of its answers is sent. When it is dropped without
/// one, the server answers with 500, so that no connection hangs.
public final class HTTPResponder: Sendable {
    private let connection: NIOLoopBound<HTTPConnectionHandler>
    private let id: UInt64
    private let isUsed = Atomic(false)
    /// What the request has of the connection's `bodies`.
    private let held: Atomic<Int>

    init(_ connection: NIOLoopBound<HTTPConnectionHandler>, id: UInt64, held: Int) {
        self.connection = connection
        self.id = id
        self.held = Atomic(held)
    }

    /// From now on, and until it is answered, the request has so many bytes in memory. False: there is no room for them;
    /// it is to be answered with 503. To be called on the connection's event loop.
    public func hold(_ bytes: Int) -> Bool {
        guard let bodies = connection.value.bodies else { return true }
        let before = held.load(ordering: .relaxed)
        guard bytes <= before || bodies.take(bytes - before, own: before) else { return false }
        if bytes < before { bodies.giveBack(before - bytes) }
        held.store(bytes, ordering: .relaxed)
        return true
    }

    /// Sends the whole response. Does nothing when the client has gone.
    public func respond(_ response: HTTPServerResponse) {
        guard !isUsed.exchange(true, ordering: .relaxed) else { return }
        let held = held.exchange(0, ordering: .relaxed)
        if connection.eventLoop.inEventLoop {
            // The usual case, without a closure on the heap.
            connection.value.respond(to: id, with: response, held: held)
        } else {
            let id = id
            let connection = connection
            connection.eventLoop.execute { connection.value.respond(to: id, with: response, held: held) }
        }
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

    deinit {
        if !isUsed.load(ordering: .relaxed) { respond(.text(.internalServerError, "500 internal server error\n")) }
        let held = held.load(ordering: .relaxed)
        if held > 0 { connection.run { $0.bodies?.giveBack(held) } }
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
