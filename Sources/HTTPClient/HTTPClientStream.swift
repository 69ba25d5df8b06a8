/// An answer whose body is read as it comes.
///
/// One reader reads, once. When it is behind, the server is held up (256 KiB are buffered). The transfer ends when
/// the reading task is cancelled, when the stream and its iterator are dropped, or with the client.
public struct HTTPClientStream: AsyncSequence, Sendable {
    public typealias Element = [UInt8]
    public typealias Failure = HTTPClientError

    public let status: Int
    /// Names as they were sent.
    public let headers: [(name: String, value: String)]
    private let source: StreamSource

    init(head: StreamHead, source: StreamSource) {
        status = head.status
        headers = head.headers
        self.source = source
    }

    /// The first header of that name, in any case.
    public func header(_ name: String) -> String? { headers.firstValue(of: name) }

    /// The body to its end, but no more than `limit` bytes of it: for error answers.
    public func collect(upTo limit: Int) async throws(HTTPClientError) -> [UInt8] {
        var body: [UInt8] = []
        var iterator = makeAsyncIterator()
        while body.count < limit, let chunk = try await iterator.next(isolation: nil) {
            body.append(contentsOf: chunk.prefix(limit - body.count))
        }
        return body
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: source) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        let source: StreamSource

        public mutating func next() async throws(HTTPClientError) -> [UInt8]? {
            try await next(isolation: nil)
        }

        /// Never empty; nil at the end. Where the pieces are cut means nothing.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(HTTPClientError) -> [UInt8]? {
            try await source.next()
        }
    }
}

/// The reader's end of a stream: when it goes, so does the transfer.
final class StreamSource: Sendable {
    private let buffer: StreamBuffer
    private let token: TransferToken
    private let inbox: Inbox

    init(buffer: StreamBuffer, token: TransferToken, inbox: Inbox) {
        self.buffer = buffer
        self.token = token
        self.inbox = inbox
    }

    deinit {
        if !buffer.isFinished { cancel() }
    }

    func head() async throws(HTTPClientError) -> StreamHead {
        try await withTaskCancellationHandler {
            await buffer.head()
        } onCancel: {
            cancel()
        }.get()
    }

    func next() async throws(HTTPClientError) -> [UInt8]? {
        try await withTaskCancellationHandler {
            await buffer.next { inbox.post(.resume(token)) }
        } onCancel: {
            cancel()
        }.get()
    }

    private func cancel() {
        token.cancel()
        inbox.post(.cancel(token))
        buffer.finish(throwing: HTTPClientError(.cancelled, "the stream was cancelled"))
    }
}
