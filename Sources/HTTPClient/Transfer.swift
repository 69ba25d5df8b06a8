import Synchronization

/// A request on its way through the client, and who waits for its outcome.
final class Transfer: Sendable {
    enum Sink: Sendable {
        case whole(@Sendable (Result<HTTPClientResponse, HTTPClientError>) -> Void)
        case stream(StreamBuffer)
    }

    let request: HTTPClientRequest
    let sink: Sink
    /// By which it can be called off; nil when nobody will.
    let token: TransferToken?

    init(request: HTTPClientRequest, sink: Sink, token: TransferToken? = nil) {
        self.request = request
        self.sink = sink
        self.token = token
    }

    /// Ends a transfer that got no further than this.
    func fail(_ error: HTTPClientError) {
        switch sink {
        case .whole(let completion): completion(.failure(error))
        case .stream(let buffer): buffer.finish(throwing: error)
        }
    }
}

/// Names one transfer, from before it is handed over until after it has ended.
final class TransferToken: Sendable {
    private let cancelled = Atomic(false)

    /// Also seen by a transfer that the loop has not got yet.
    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    func cancel() { cancelled.store(true, ordering: .releasing) }
}
