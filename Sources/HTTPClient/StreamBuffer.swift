import Synchronization

/// What has come of a stream and is not read yet.
final class StreamBuffer: Sendable {
    private let state = Mutex(StreamState(capacity: 256 << 10))

    // MARK: - The loop

    func receiveHead(_ head: StreamHead) {
        state.withLock { $0.receiveHead(head) }.perform()
    }

    /// False if the reader is too far behind: pause, and offer the same bytes again.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let wake = state.withLock({ $0.receive(bytes) }) else { return false }
        wake.perform()
        return true
    }

    /// Only the first call counts.
    func finish(throwing error: HTTPClientError?) {
        state.withLock { $0.finish(throwing: error) }.perform()
    }

    // MARK: - The reader

    var isFinished: Bool { state.withLock { $0.isFinished } }

    func head() async -> StreamState.HeadResult {
        await withCheckedContinuation { waiter in
            let head = state.withLock { state in
                if state.head == nil { state.waitForHead(waiter) }
                return state.head
            }
            if let head { waiter.resume(returning: head) }
        }
    }

    /// `resumeTransfer` is called when the transfer is paused and there is room again.
    func next(resumeTransfer: () -> Void) async -> StreamState.ChunkResult {
        await withCheckedContinuation { waiter in
            let taken = state.withLock { state in
                let taken = state.take()
                if taken == nil { state.waitForChunk(waiter) }
                return taken
            }
            guard let taken else { return }
            if taken.resumesTransfer { resumeTransfer() }
            waiter.resume(returning: taken.result)
        }
    }
}
