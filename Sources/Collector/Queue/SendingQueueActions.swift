extension SendingQueue {
    /// What to tell the one who offered a batch.
    enum Answer: Sendable {
        case accepted
        /// The answer follows in ``Actions/resolved``.
        case pending
        case refused(ConsumeError)
    }

    /// What is to be done after an event, outside the lock.
    struct Actions: Sendable {
        struct Send: Sendable {
            let id: Int
            let batches: [TraceBatch]
        }

        struct Store: Sendable {
            let id: Int
            let batch: TraceBatch
        }

        struct Fetch: Sendable, Equatable {
            let after: Int64
            let bytes: Int
        }

        /// What concerns the storage, in the order in which it is to be done.
        enum StorageAction: Sendable {
            /// Store a batch. It ends in `stored`.
            case store(Store)
            /// Read from the storage. It ends in `fetched`.
            case fetch(Fetch)
            /// Call `fetchDue` after this time.
            case fetchAfter(Duration)
            /// Forget what is stored with these ids.
            case remove([Int64])
        }

        /// Attempts to start. Each ends in `finished`.
        var sends: [Send] = []
        /// One field for all of it: these actions are made for every batch, and mostly there is no storage.
        var storage: [StorageAction] = []
        /// Call `retryDue` with this id after this time.
        var retry: (id: Int, delay: Duration)?
        /// Call `wake` after this time. Never more than one at a time is under way.
        var wakeAfter: Duration?
        /// Senders whose batches have got their result.
        var resolved: [(token: Token, result: ConsumeResult)] = []
        var note: SendingQueueNote?
        /// The exporter's new state, when it changes.
        var statusChange: NumberedStatus?
        /// After `stop`: nothing is left that could be done.
        var isDrained = false

        mutating func resolve(_ token: Token?, _ result: ConsumeResult) {
            if let token { resolved.append((token, result)) }
        }
    }
}

/// What the log should say.
enum SendingQueueNote: Sendable, Equatable {
    case willRetry(after: Duration, error: String)
    /// A request is given up. `isRejected`: its senders are told so.
    case dropped(spans: Int, error: String, isRejected: Bool)
    /// Batches, and the spans in them, refused since the last such note.
    case overflowed(batches: Int, spans: Int)
    /// Spans that were left when the time to end was over.
    case abandoned(spans: Int)
    /// The storage cannot be written or read.
    case storageFailed(String)
    case storageWorksAgain
    /// Spans that had been stored are not there any more.
    case lostInStorage(spans: Int)
}

/// Sums up refusals, so that the log says it once an interval.
struct OverflowNotes: Sendable {
    private static let interval = Duration.seconds(10)

    private var lastNote: ContinuousClock.Instant?
    private var batches = 0
    private var spans = 0

    mutating func refused(spans: Int, now: ContinuousClock.Instant) -> SendingQueueNote? {
        batches += 1
        self.spans += spans
        if let lastNote, now - lastNote < Self.interval { return nil }
        defer { (lastNote, batches, self.spans) = (now, 0, 0) }
        return .overflowed(batches: batches, spans: self.spans)
    }
}
