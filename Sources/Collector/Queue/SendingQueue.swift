import DequeModule

/// An exporter's queue, consumers and retries as a state machine: takes events, returns what is to be done.
///
/// Knows no clock, no randomness and no I/O; ``QueuedExporter`` performs the actions. `Token` stands for a sender who
/// waits for its batch's result.
///
/// - A batch is admitted while the queue has room. What is in flight still takes room, as in the Collector.
/// - Admitted batches go out first in, first out, several as one request as ``BatchMerging`` says. Retries, and the
///   parts of a refused merged request, may be overtaken.
/// - A request occupies a consumer from its first attempt until its end, its retry intervals included.
/// - When the backend refuses a merged request for its content, its batches are sent once more, each alone: merging
///   loses no batch that would have passed by itself.
/// - A batch that has to be cut goes out part by part, in order, as one request.
/// - With a storage a batch is admitted when it is stored, and forgotten there when it is delivered or dropped. Only so
///   many bytes wait in memory too; the others are read back when it is their turn.
/// - After ``stop(now:retries:)`` nothing is admitted, and each batch in memory is tried once more, or retried as before.
///   What is not delivered then is dropped, or stays in the storage.
struct SendingQueue<Token: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    let queue: SendingQueueConfiguration
    let retry: RetryConfiguration
    let merging: BatchMerging
    /// What the queue belongs to, for messages.
    let owner: String

    var lanes = Lanes()
    /// Of all that waits in memory.
    var waitingBytes = 0
    /// Waiting for room; not admitted yet (`block_on_overflow`).
    var blocked = Deque<Waiting>()
    var blockedSize = 0
    /// Being attempted now.
    var inFlight: [Int: Request] = [:] {
        didSet { counters.inFlightRequests = inFlight.count }
    }
    /// Between two attempts.
    var inBackoff: [Int: Request] = [:]
    var nextID = 0
    var isTimerArmed = false
    /// When the last request was put together.
    var lastSend: Instant?
    var isStopping = false
    var isAbandoned = false
    /// Also when stopping.
    var retries: Bool
    var status = SendingQueueStatus()
    var overflow = OverflowNotes()
    var counters = ExporterCounters()
    var sendSizes = SendSizes()

    var place: Place
    /// The most of what is stored that waits in memory too, in bytes.
    var memoryWindow = 8 << 20
    var storing: [Int: Storing] = [:]
    /// In the storage, and not in memory.
    var spilled = StoredTotals()
    /// The last stored batch that has been in memory: all that are spilled have greater ids.
    var lastInMemory: Int64 = 0
    var isFetching = false

    init(
        queue: SendingQueueConfiguration,
        retry: RetryConfiguration,
        merging: BatchMerging,
        hasStorage: Bool = false,
        owner: String = "exporter"
    ) {
        var queue = queue
        if !queue.enabled {
            // Without a queue each sender waits for its own request, and the number of senders is the limit.
            queue.consumers = .max
            queue.queueSize = .max
            queue.sizer = .requests
            queue.waitForResult = true
        }
        self.queue = queue
        self.retry = retry
        retries = retry.enabled
        self.merging = queue.enabled ? merging : .off
        self.owner = owner
        place = hasStorage ? .closedStorage : .memory
        counters.queueCapacity = queue.queueSize
    }

    // MARK: Events

    /// A batch has come in. `token` is kept, and comes back in ``Actions/resolved``, only if the answer is `.pending`.
    mutating func offer(_ batch: TraceBatch, token: Token, now: Instant) -> (answer: Answer, actions: Actions) {
        var actions = Actions()
        guard !isStopping else { return (refuse(batch, stoppingMessage), actions) }
        guard place != .closedStorage else {
            return (refuse(batch, "the storage of the sending queue is not open yet", retryAfter: .seconds(1)), actions)
        }
        let size = size(of: batch)
        guard size <= queue.queueSize else {
            counters.enqueueFailedSpans += batch.spanCount
            let message = "element size too large: \(size) \(queue.sizer), the sending queue holds \(queue.queueSize)"
            return (.refused(ConsumeError(.permanent, "\(message) (queue_size)")), actions)
        }
        if size > queue.queueSize - counters.queueSize || !blocked.isEmpty {
            if queue.blockOnOverflow, size <= queue.queueSize - blockedSize {
                blockedSize += size
                blocked.append(Waiting(batch: batch, token: token, since: now))
                return (.pending, actions)
            }
            actions.note = overflow.refused(spans: batch.spanCount, now: now)
            return (refuse(batch, "sending queue is full", retryAfter: .seconds(1)), actions)
        }
        if place == .storage {
            store(batch, token, &actions)
            return (.pending, actions)
        }
        if lanes.count >= merging.partitionLimit, !lanes.has(merging.partition(of: batch)) {
            return (refuse(batch, "too many batcher metadata-value combinations", retryAfter: .seconds(1)), actions)
        }
        admit(Waiting(batch: batch, token: queue.waitForResult ? token : nil, since: now))
        dispatch(now: now, &actions)
        return (queue.waitForResult ? .pending : .accepted, actions)
    }

    /// An attempt has ended.
    ///
    /// - Parameter random: evenly distributed from 0 up to 1; it spreads the retries.
    mutating func finished(_ id: Int, _ outcome: ExportOutcome, now: Instant, random: Double) -> Actions {
        var actions = Actions()
        // Unknown after `abandon()`.
        guard var request = inFlight.removeValue(forKey: id) else { return actions }
        setExportError(outcome == .delivered ? nil : outcome.message, &actions)
        switch outcome {
        case .delivered:
            let spans = request.currentSpans
            counters.sentSpans += spans
            counters.queuedSpans -= spans
            goOn(id, request, now: now, &actions)
        case .permanent(let message):
            drop(id, request, .rejected, .permanent, notRetryable(message), now: now, &actions)
        case .rejected(let message) where request.batches.count == 1:
            drop(id, request, .rejected, .permanent, notRetryable(message), now: now, &actions)
        case .rejected:
            putBack(request, now: now)
        case .retryable(let message, let retryAfter):
            if isStopping, !retries, place == .storage {
                // It stays there, and so does what would fare no better.
                leaveInStorage()
            } else if isStopping, !retries {
                let message = "interrupted due to shutdown: " + message
                drop(id, request, .shutdown, .unavailable, message, now: now, &actions)
            } else if !retries {
                drop(id, request, .retriesExhausted, .unavailable, message, retryAfter, now: now, &actions)
            } else {
                let delay = max(request.backoff.next(random: random), retryAfter ?? .zero)
                let limit = request.firstAttempt + retry.maxElapsedTime
                if retry.maxElapsedTime > .zero, now + delay > limit {
                    let message = "no more retries left: " + message
                    drop(id, request, .retriesExhausted, .unavailable, message, now: now, &actions)
                } else {
                    inBackoff[id] = request
                    actions.retry = (id, delay)
                    actions.note = .willRetry(after: delay, error: message)
                }
            }
        }
        unblock(now: now, &actions)
        dispatch(now: now, &actions)
        return actions
    }

    /// The interval of a request, as told by ``Actions/retry``, is over.
    mutating func retryDue(_ id: Int, now: Instant) -> Actions {
        var actions = Actions()
        attemptAgain(id, &actions)
        return actions
    }

    /// The timer armed by ``Actions/wakeAfter`` has fired.
    mutating func wake(now: Instant) -> Actions {
        var actions = Actions()
        isTimerArmed = false
        dispatch(now: now, &actions)
        return actions
    }

    /// Admits nothing more.
    ///
    /// - Parameter retries: failed requests are retried as before, for there is time: the exporter is replaced by another.
    ///   Otherwise the program is to end, and each batch is tried once.
    mutating func stop(now: Instant, retries: Bool = false) -> Actions {
        var actions = Actions()
        guard !isStopping else { return actions }
        isStopping = true
        self.retries = self.retries && retries
        refuseBlocked(&actions)
        if !self.retries {
            for id in inBackoff.keys.sorted() { attemptAgain(id, &actions) }
        }
        dispatch(now: now, &actions)
        return actions
    }

    /// The time to end is over: what has not been delivered is dropped, or stays in the storage.
    mutating func abandon() -> Actions {
        var actions = Actions()
        isStopping = true
        isAbandoned = true
        refuseBlocked(&actions)
        if place == .memory {
            let failure = ConsumeResult.refused(ConsumeError(.unavailable, stoppingMessage))
            for item in lanes.items { actions.resolve(item.token, failure) }
            for request in Array(inFlight.values) + Array(inBackoff.values) {
                for token in request.tokens { actions.resolve(token, failure) }
            }
            let spans = counters.queuedSpans
            if spans > 0 {
                counters.drop(spans, .shutdown)
                actions.note = .abandoned(spans: spans)
            }
            counters.queueSize = 0
        }
        lanes.removeAll()
        waitingBytes = 0
        inFlight.removeAll()
        inBackoff.removeAll()
        actions.isDrained = true
        return actions
    }
}
