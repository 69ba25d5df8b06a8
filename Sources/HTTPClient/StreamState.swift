/// Status and headers of a stream.
struct StreamHead: Sendable {
    let status: Int
    let headers: [(name: String, value: String)]
}

/// A stream between the loop, which fills it, and its reader, who may be behind: pure, for `StreamBuffer` to lock.
struct StreamState {
    typealias HeadResult = Result<StreamHead, HTTPClientError>
    typealias ChunkResult = Result<[UInt8]?, HTTPClientError>

    /// Somebody to wake, outside the lock.
    enum Wake {
        case nobody
        case head(CheckedContinuation<HeadResult, Never>, HeadResult)
        case chunk(CheckedContinuation<ChunkResult, Never>, ChunkResult)

        func perform() {
            switch self {
            case .nobody: break
            case .head(let waiter, let result): waiter.resume(returning: result)
            case .chunk(let waiter, let result): waiter.resume(returning: result)
            }
        }
    }

    enum Next {
        case now(ChunkResult, resumesTransfer: Bool)
        case wait
    }

    private var head: HeadResult?
    private var headWaiter: CheckedContinuation<HeadResult, Never>?
    private var pending: [UInt8] = []
    private var chunkWaiter: CheckedContinuation<ChunkResult, Never>?
    private var isPaused = false
    /// nil as long as more may come; the error is taken out by the reader once.
    private var end: ChunkResult?
    private let capacity: Int

    /// More bytes than `capacity` are not taken before the reader has read; one piece may reach above it.
    init(capacity: Int) {
        self.capacity = capacity
    }

    var isFinished: Bool { end != nil }

    // MARK: - The loop

    mutating func receiveHead(_ received: StreamHead) -> Wake {
        guard head == nil else { return .nobody }
        head = .success(received)
        return takeHeadWaiter()
    }

    /// nil: not taken, the transfer is to pause and to offer the same bytes again later.
    mutating func receive(_ bytes: UnsafeRawBufferPointer) -> Wake? {
        guard end == nil else { return .nobody }
        if let waiter = chunkWaiter {
            chunkWaiter = nil
            return .chunk(waiter, .success(Array(bytes)))
        }
        guard pending.count < capacity else {
            isPaused = true
            return nil
        }
        pending.append(contentsOf: bytes)
        return .nobody
    }

    mutating func finish(throwing error: HTTPClientError?) -> Wake {
        guard end == nil else { return .nobody }
        end = error.map { .failure($0) } ?? .success(nil)
        if head == nil {
            head = .failure(error ?? HTTPClientError(.disconnected, "the answer ended before its headers"))
            return takeHeadWaiter()
        }
        guard let waiter = chunkWaiter else { return .nobody }
        chunkWaiter = nil
        return .chunk(waiter, takeEnd())
    }

    // MARK: - The reader

    /// nil: wait for it, with `waiter`.
    mutating func awaitHead(_ waiter: CheckedContinuation<HeadResult, Never>) -> HeadResult? {
        if head == nil { headWaiter = waiter }
        return head
    }

    /// What has come so far, in one piece, then the error if there was one, then nil for ever.
    mutating func next(_ waiter: CheckedContinuation<ChunkResult, Never>) -> Next {
        if !pending.isEmpty {
            let chunk = pending
            pending = []
            defer { isPaused = false }
            return .now(.success(chunk), resumesTransfer: isPaused && end == nil)
        }
        if end != nil { return .now(takeEnd(), resumesTransfer: false) }
        guard chunkWaiter == nil else {
            return .now(.failure(HTTPClientError(.other, "a stream has one reader")), resumesTransfer: false)
        }
        chunkWaiter = waiter
        return .wait
    }

    private mutating func takeHeadWaiter() -> Wake {
        guard let waiter = headWaiter, let head else { return .nobody }
        headWaiter = nil
        return .head(waiter, head)
    }

    private mutating func takeEnd() -> ChunkResult {
        defer { end = .success(nil) }
        return end ?? .success(nil)
    }
}
