extension SendingQueue {
    /// A batch in memory.
    struct Waiting: Sendable {
        let batch: TraceBatch
        let token: Token?
        let since: Instant
        /// In the storage.
        var storedID: Int64?
        /// A part of a refused request: not to be merged again.
        var isAlone = false
    }

    /// One request to the backend, from its first attempt to its end.
    struct Request: Sendable {
        var batches: [TraceBatch] = []
        /// Of all batches: in spans, in bytes, and as the queue counts.
        var spans = 0
        var bytes = 0
        var size = 0
        /// One for each batch, or none at all.
        var tokens: [Token] = []
        /// One for each batch, or none at all.
        var storedIDs: [Int64] = []
        /// Where the only batch is cut: what of it is still to be sent, the next part last.
        var parts: [TraceBatch] = []
        /// Why a part was dropped.
        var failure: ConsumeError?
        var firstAttempt: Instant
        var backoff: Backoff

        /// What is being attempted.
        var current: [TraceBatch] { parts.last.map { [$0] } ?? batches }

        var currentSpans: Int { parts.last?.spanCount ?? spans }

        var currentBytes: Int { parts.last?.byteCount ?? bytes }

        /// Goes on to the next part; false when there is none.
        mutating func advance(now: Instant, _ backoff: Backoff) -> Bool {
            _ = parts.popLast()
            (firstAttempt, self.backoff) = (now, backoff)
            return !parts.isEmpty
        }
    }

    /// A batch on its way to the storage. Room is reserved for it, but it is not accepted yet.
    struct Storing: Sendable {
        let batch: TraceBatch
        let token: Token
    }

    /// Where batches are kept.
    enum Place: Sendable, Equatable {
        case memory
        /// In a storage that has not been opened yet.
        case closedStorage
        case storage
    }
}
