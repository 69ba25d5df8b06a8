public import NIOCore
internal import Synchronization

public enum HTTPBodyWriterError: Error, Equatable {
    /// The client has closed the connection, or the server was shut down.
    case peerClosed
    /// The writing task was cancelled.
    case cancelled
    /// The body was ended before.
    case finished
}

/// Writes the body of a streaming response. When it is dropped without `finish`, the connection is closed, so that the
/// client can tell that the body is incomplete.
public final class HTTPBodyWriter: Sendable {
    private let connection: NIOLoopBound<HTTPConnectionHandler>
    private let id: UInt64
    private let finished: Atomic<Bool>

    init(_ connection: NIOLoopBound<HTTPConnectionHandler>, id: UInt64, isFinished: Bool) {
        self.connection = connection
        self.id = id
        finished = Atomic(isFinished)
    }

    var isFinished: Bool { finished.load(ordering: .relaxed) }

    /// Sends the bytes at once, as one chunk, and returns when the client has taken enough for more to be written. With
    /// the cancellation of its task the stream is over: later writes fail too.
    public func write(_ bytes: ByteBuffer) async throws(HTTPBodyWriterError) {
        guard !isFinished else { throw .finished }
        guard !Task.isCancelled else { throw .cancelled }
        let id = id
        let connection = connection
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                connection.run { $0.writeStream(id, bytes, continuation) }
            }
        } onCancel: {
            connection.run { $0.cancelStreamWriters(id) }
        }
        try result.get()
    }

    /// Ends the body. Does nothing when called again or when the client has gone.
    public func finish() {
        guard !finished.exchange(true, ordering: .relaxed) else { return }
        let id = id
        connection.run { $0.finishStream(id) }
    }

    /// Calls back once, on the event loop, when the client has gone or the body has been ended; at once when that has
    /// happened already.
    public func onClose(_ callback: @escaping @Sendable () -> Void) {
        let id = id
        connection.run { $0.onStreamEnd(id, callback) }
    }

    deinit {
        guard !isFinished else { return }
        let id = id
        connection.run { $0.abortStream(id) }
    }
}
