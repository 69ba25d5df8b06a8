internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Says what to do with a request whose head was looked at for longer, on any thread. Only the first decision counts.
/// When it is dropped without one, the server answers with 500.
public final class HTTPHeadDecider: Sendable {
    private let connection: NIOLoopBound<HTTPConnectionHandler>
    private let id: UInt64
    private let isUsed = Atomic(false)

    init(_ connection: NIOLoopBound<HTTPConnectionHandler>, id: UInt64) {
        self.connection = connection
        self.id = id
    }

    /// - Parameter decision: called on the connection's event loop. Not called when the client has gone.
    public func decide(_ decision: @escaping @Sendable () -> HTTPHeadDecision) {
        guard !isUsed.exchange(true, ordering: .relaxed) else { return }
        let id = id
        connection.run { $0.decide(id, decision) }
    }

    deinit {
        guard !isUsed.load(ordering: .relaxed) else { return }
        let id = id
        connection.run { $0.decide(id) { .respond(.text(.internalServerError, "500 internal server error\n")) } }
    }
}
