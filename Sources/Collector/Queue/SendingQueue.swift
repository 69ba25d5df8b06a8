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
/// - After ``stop(now:)`` nothing is admitted, each batch is tried once more, and nothing is retried.
struct SendingQueue<Token: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Waiting {
        let batch: TraceBatch
        let token: Token?
        let since: Instant
        /// A part of a refused request: not to be merged again.
        var isAlone = false
    }

    /// One request to the backend, from its first attempt to its end.
    private struct Request {
        var batches: [TraceBatch] = []
        /// One for each batch, or none at all.
        var tokens: [Token] = []
        var spanCount = 0
        let firstAttempt: Instant
        var backoff: Backoff
    }

    private let queue: SendingQueueConfiguration
    private let retry: RetryConfiguration
    private let merging: BatchMerging

    private var waiting = Deque<Waiting>()
    private var waitingBytes = 0
    /// Waiting for room; not admitted yet (`block_on_overflow`).
    private var blocked = Deque<Waiting>()
    private var blockedSize = 0
    /// Being attempted now.
    private var inFlight: [Int: Request] = [:]
    /// Between two attempts.
    private var inBackoff: [Int: Request] = [:]
    private var nextID = 0
    private var isTimerArmed = false
    /// When the last request was put together.
    private var lastSend: Instant?
    private var isStopping = false
    private var isFailing = false
    private var overflow = OverflowNotes()
    private(set) var counters = ExporterCounters()

    init(queue: SendingQueueConfiguration, retry: RetryConfiguration, merging: BatchMerging) {
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
        self.merging = queue.enabled ? merging : .off
        counters.queueCapacity = queue.queueSize
    }

    // MARK: Events

    /// A batch has come in. `token` is kept, and comes back in ``Actions/resolved``, only if the answer is `.pending`.
    mutating func offer(_ batch: TraceBatch, token: Token, now: Instant) -> (answer: Answer, actions: Actions) {
        var actions = Actions()
        if isStopping {
            counters.enqueueFailedSpans += batch.spanCount
            return (.refused(ConsumeError(.unavailable, "exporter is shutting down")), actions)
        }
        let size = size(of: batch)
        if size > queue.queueSize - counters.queueSize || !blocked.isEmpty {
            // What is larger than the whole queue would wait for ever.
            if queue.blockOnOverflow, size <= queue.queueSize - blockedSize {
                blockedSize += size
                blocked.append(Waiting(batch: batch, token: token, since: now))
                return (.pending, actions)
            }
            counters.enqueueFailedSpans += batch.spanCount
            actions.note = overflow.refused(spans: batch.spanCount, now: now)
            return (
                .refused(ConsumeError(.unavailable, "sending queue is full", retryAfter: .seconds(1))), actions
            )
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
        setFailing(outcome == .delivered ? nil : outcome.message, &actions)
        switch outcome {
        case .delivered:
            counters.sentSpans += request.spanCount
            release(request)
            for (token, batch) in zip(request.tokens, request.batches) {
                actions.resolve(token, .accepted(spanCount: batch.spanCount))
            }
        case .permanent(let message):
            drop(request, .permanent, "not retryable error: " + message, &actions)
        case .rejected(let message) where request.batches.count == 1:
            drop(request, .permanent, "not retryable error: " + message, &actions)
        case .rejected:
            putBack(request, now: now)
        case .retryable(let message, let retryAfter):
            if isStopping {
                drop(request, .unavailable, "interrupted due to shutdown: " + message, &actions)
            } else if !retry.enabled {
                drop(request, .unavailable, message, &actions)
            } else {
                let delay = max(request.backoff.next(random: random), retryAfter ?? .zero)
                let limit = request.firstAttempt + retry.maxElapsedTime
                if retry.maxElapsedTime > .zero, now + delay > limit {
                    drop(request, .unavailable, "no more retries left: " + message, &actions)
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

    /// The program is to end: admits nothing more and tries each batch once.
    mutating func stop(now: Instant) -> Actions {
        var actions = Actions()
        guard !isStopping else { return actions }
        isStopping = true
        for item in blocked {
            counters.enqueueFailedSpans += item.batch.spanCount
            actions.resolve(item.token, .refused(ConsumeError(.unavailable, "exporter is shutting down")))
        }
        blocked.removeAll()
        blockedSize = 0
        for id in inBackoff.keys.sorted() {
            attemptAgain(id, &actions)
        }
        dispatch(now: now, &actions)
        return actions
    }

    /// The time to end is over: what has not been delivered is dropped.
    mutating func abandon() -> Actions {
        var actions = Actions()
        var spans = 0
        let failure = ConsumeResult.refused(ConsumeError(.unavailable, "exporter is shutting down"))
        for item in waiting {
            spans += item.batch.spanCount
            actions.resolve(item.token, failure)
        }
        for request in Array(inFlight.values) + Array(inBackoff.values) {
            spans += request.spanCount
            for token in request.tokens { actions.resolve(token, failure) }
        }
        counters.failedSpans += spans
        counters.queueSize = 0
        waiting.removeAll()
        waitingBytes = 0
        inFlight.removeAll()
        inBackoff.removeAll()
        if spans > 0 { actions.note = .abandoned(spans: spans) }
        actions.isDrained = true
        return actions
    }

    // MARK: Rules

    private func size(of batch: TraceBatch) -> Int {
        switch queue.sizer {
        case .requests: 1
        case .items: batch.spanCount
        case .bytes: batch.byteCount
        }
    }

    private mutating func admit(_ item: Waiting) {
        counters.acceptedSpans += item.batch.spanCount
        counters.queueSize += size(of: item.batch)
        waitingBytes += item.batch.byteCount
        waiting.append(item)
    }

    private mutating func release(_ request: Request) {
        for batch in request.batches { counters.queueSize -= size(of: batch) }
    }

    private mutating func unblock(now: Instant, _ actions: inout Actions) {
        while let item = blocked.first, size(of: item.batch) <= queue.queueSize - counters.queueSize {
            blocked.removeFirst()
            blockedSize -= size(of: item.batch)
            admit(Waiting(batch: item.batch, token: queue.waitForResult ? item.token : nil, since: now))
            if !queue.waitForResult {
                actions.resolve(item.token, .accepted(spanCount: item.batch.spanCount))
            }
        }
    }

    /// Sends what is due, and sees to it that what is not will be looked at in time.
    private mutating func dispatch(now: Instant, _ actions: inout Actions) {
        while let oldest = waiting.first, inFlight.count + inBackoff.count < queue.consumers {
            let due = lastSend.map { min($0, oldest.since) + merging.linger } ?? now
            let isDue =
                now >= due || waitingBytes >= merging.threshold || oldest.isAlone || isStopping
                // Nothing more can gather.
                || counters.queueSize >= queue.queueSize
                || (queue.waitForResult && inFlight.isEmpty)
            guard isDue else {
                if !isTimerArmed {
                    isTimerArmed = true
                    actions.wakeAfter = due - now
                }
                break
            }
            sendOldest(now: now, &actions)
        }
        actions.isDrained = isStopping && waiting.isEmpty && inFlight.isEmpty && inBackoff.isEmpty
    }

    private mutating func sendOldest(now: Instant, _ actions: inout Actions) {
        var request = Request(firstAttempt: now, backoff: Backoff(retry))
        var bytes = 0
        while let item = waiting.first {
            let isFirst = request.batches.isEmpty
            guard isFirst || (!item.isAlone && bytes + item.batch.byteCount <= merging.maximum) else { break }
            waiting.removeFirst()
            bytes += item.batch.byteCount
            request.spanCount += item.batch.spanCount
            request.batches.append(item.batch)
            if let token = item.token { request.tokens.append(token) }
            if item.isAlone { break }
        }
        waitingBytes -= bytes
        lastSend = now
        let id = nextID
        nextID += 1
        attempt(id, request, &actions)
    }

    private mutating func attemptAgain(_ id: Int, _ actions: inout Actions) {
        // Unknown when `stop` or `abandon` came before the interval was over.
        guard let request = inBackoff.removeValue(forKey: id) else { return }
        attempt(id, request, &actions)
    }

    private mutating func attempt(_ id: Int, _ request: Request, _ actions: inout Actions) {
        counters.attempts += 1
        inFlight[id] = request
        actions.sends.append(Actions.Send(id: id, batches: request.batches))
    }

    /// Puts the batches of a refused request in front of the others, each to be sent alone.
    private mutating func putBack(_ request: Request, now: Instant) {
        for index in request.batches.indices.reversed() {
            let token = request.tokens.isEmpty ? nil : request.tokens[index]
            waitingBytes += request.batches[index].byteCount
            waiting.prepend(Waiting(batch: request.batches[index], token: token, since: now, isAlone: true))
        }
    }

    private mutating func drop(
        _ request: Request,
        _ kind: ConsumeError.Kind,
        _ message: String,
        _ actions: inout Actions
    ) {
        counters.failedSpans += request.spanCount
        release(request)
        for token in request.tokens { actions.resolve(token, .refused(ConsumeError(kind, message))) }
        actions.note = .dropped(spans: request.spanCount, error: message, isRejected: queue.waitForResult)
    }

    private mutating func setFailing(_ error: String?, _ actions: inout Actions) {
        guard !isStopping, isFailing != (error != nil) else { return }
        isFailing = error != nil
        actions.status = error.map { .recoverableError("exporting failed: \($0)") } ?? .ok
    }
}
