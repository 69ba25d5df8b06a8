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

    struct Taken {
        let result: ChunkResult
        /// The transfer is paused, and there is room again.
        let resumesTransfer: Bool
    }

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

    /// nil until the headers are there: then wait for them.
    private(set) var head: HeadResult?

    mutating func waitForHead(_ waiter: CheckedContinuation<HeadResult, Never>) { headWaiter = waiter }

    /// What has come so far, in one piece, then the error if there was one, then nil for ever. No result: wait for one.
    mutating func take() -> Taken? {
        if !pending.isEmpty {
            let chunk = pending
            pending = []
            defer { isPaused = false }
            return Taken(result: .success(chunk), resumesTransfer: isPaused && end == nil)
        }
        if end != nil { return Taken(result: takeEnd(), resumesTransfer: false) }
        guard chunkWaiter == nil else {
            let error = HTTPClientError(.other, "a stream has one reader")
            return Taken(result: .failure(error), resumesTransfer: false)
        }
        return nil
    }

    mutating func waitForChunk(_ waiter: CheckedContinuation<ChunkResult, Never>) { chunkWaiter = waiter }

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
