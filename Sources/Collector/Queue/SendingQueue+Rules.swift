import DequeModule
import NIOCore
import OTLP

/// What the events have in common.
extension SendingQueue {
    var stoppingMessage: String { "\(owner) is shutting down" }

    func size(of batch: TraceBatch) -> Int {
        switch queue.sizer {
        case .requests: 1
        case .items: batch.spanCount
        case .bytes: batch.byteCount
        }
    }

    /// The Collector's words; said once, also when the next queue has said so.
    func notRetryable(_ message: String) -> String {
        let prefix = "not retryable error: "
        return message.hasPrefix(prefix) ? message : prefix + message
    }

    mutating func refuse(_ batch: TraceBatch, _ message: String, retryAfter: Duration? = nil) -> Answer {
        counters.enqueueFailedSpans += batch.spanCount
        return .refused(ConsumeError(.unavailable, message, retryAfter: retryAfter))
    }

    mutating func admit(_ item: Waiting) {
        counters.acceptedSpans += item.batch.spanCount
        counters.queuedSpans += item.batch.spanCount
        counters.queueSize += size(of: item.batch)
        enqueue(item)
    }

    mutating func enqueue(_ item: Waiting) {
        waitingBytes += item.batch.byteCount
        let size = merging.size(of: item.batch)
        lanes.append(item, size, to: merging.partition(of: item.batch))
    }

    mutating func refuseBlocked(_ actions: inout Actions) {
        for item in blocked {
            counters.enqueueFailedSpans += item.batch.spanCount
            actions.resolve(item.token, .refused(ConsumeError(.unavailable, stoppingMessage)))
        }
        blocked.removeAll()
        blockedSize = 0
    }

    mutating func unblock(now: Instant, _ actions: inout Actions) {
        while let item = blocked.first, size(of: item.batch) <= queue.queueSize - counters.queueSize {
            blocked.removeFirst()
            blockedSize -= size(of: item.batch)
            if place == .storage, let token = item.token {
                store(item.batch, token, &actions)
                continue
            }
            admit(Waiting(batch: item.batch, token: queue.waitForResult ? item.token : nil, since: now))
            if !queue.waitForResult {
                actions.resolve(item.token, .accepted(spanCount: item.batch.spanCount))
            }
        }
    }

    // MARK: Sending

    /// Sends what is due, and sees to it that what is not will be looked at in time.
    mutating func dispatch(now: Instant, _ actions: inout Actions) {
        while !lanes.isEmpty, inFlight.count + inBackoff.count < queue.consumers {
            let (partition, time) = lanes.first(by: schedule(now: now))
            guard time <= now else {
                if !isTimerArmed {
                    isTimerArmed = true
                    actions.wakeAfter = time - now
                }
                break
            }
            sendOldest(partition, now: now, &actions)
        }
        fetchIfNeeded(&actions)
        actions.isDrained =
            isStopping && lanes.isEmpty && inFlight.isEmpty && inBackoff.isEmpty && storing.isEmpty
    }

    private func schedule(now: Instant) -> Schedule {
        Schedule(
            now: now,
            threshold: merging.threshold,
            // When it is full, nothing more can gather.
            sendsAtOnce: isStopping || counters.queueSize >= queue.queueSize,
            isOpportunistic: merging.isOpportunistic,
            linger: merging.linger,
            lastSend: queue.waitForResult && inFlight.isEmpty ? nil : lastSend
        )
    }

    private mutating func sendOldest(_ partition: [[String]], now: Instant, _ actions: inout Actions) {
        var lane = lanes.take(partition)
        if lane.size >= merging.threshold { counters.sizeTriggers += 1 } else { counters.timeoutTriggers += 1 }
        var request = Request(firstAttempt: now, backoff: Backoff(retry))
        var total = 0
        request.batches.reserveCapacity(min(lane.waiting.count, 64))
        while !lane.waiting.isEmpty {
            let head = lane.heads[0]
            let isFirst = request.batches.isEmpty
            guard isFirst || (!head.isAlone && head.size <= merging.maximum - total) else { break }
            let item = lane.removeFirst()
            total += head.size
            waitingBytes -= item.batch.byteCount
            request.batches.append(item.batch)
            request.spans += item.batch.spanCount
            request.bytes += item.batch.byteCount
            request.size += size(of: item.batch)
            if let token = item.token { request.tokens.append(token) }
            if let id = item.storedID { request.storedIDs.append(id) }
            if item.isAlone { break }
        }
        lanes.put(lane, partition)
        if merging.cutsLargeBatches, total > merging.maximum { cut(&request) }
        lastSend = now
        let id = nextID
        nextID += 1
        sendSizes.record(spans: request.currentSpans, bytes: request.currentBytes)
        attempt(id, request, &actions)
    }

    /// A single batch that is too large becomes parts. One that cannot be read, or cut any further, goes as it is.
    private func cut(_ request: inout Request) {
        guard let batch = request.batches.first else { return }
        let limit: RequestCutter.Limit =
            merging.sizer == .items ? .spans(merging.maximum) : .bytes(merging.maximum)
        guard let parts = try? RequestCutter.cut(batch.body.readableBytesSpan, limit), parts.count > 1,
            parts.reduce(0, { $0 + $1.spanCount }) == batch.spanCount
        else { return }
        request.parts = parts.reversed().map { part in
            TraceBatch(body: .init(bytes: part.bytes), spanCount: part.spanCount, metadata: batch.metadata)
        }
    }

    mutating func attemptAgain(_ id: Int, _ actions: inout Actions) {
        // Unknown when `stop` or `abandon` came before the interval was over.
        guard let request = inBackoff.removeValue(forKey: id) else { return }
        counters.retries += 1
        attempt(id, request, &actions)
    }

    private mutating func attempt(_ id: Int, _ request: Request, _ actions: inout Actions) {
        counters.attempts += 1
        inFlight[id] = request
        actions.sends.append(Actions.Send(id: id, batches: request.current))
    }

    /// Puts the batches of a refused request in front of the others, each to be sent alone.
    mutating func putBack(_ request: Request, now: Instant) {
        for index in request.batches.indices.reversed() {
            let batch = request.batches[index]
            var item = Waiting(batch: batch, token: request.tokens.isEmpty ? nil : request.tokens[index], since: now)
            item.storedID = request.storedIDs.isEmpty ? nil : request.storedIDs[index]
            item.isAlone = true
            waitingBytes += batch.byteCount
            lanes.prepend(item, merging.size(of: batch), to: merging.partition(of: batch))
        }
    }

    // MARK: The end of a request

    /// What was attempted has come to its end: goes on to the next part, or ends the request.
    mutating func goOn(_ id: Int, _ request: Request, now: Instant, _ actions: inout Actions) {
        var request = request
        if request.advance(now: now, Backoff(retry)) {
            sendSizes.record(spans: request.currentSpans, bytes: request.currentBytes)
            return attempt(id, request, &actions)
        }
        counters.queueSize -= request.size
        for (token, batch) in zip(request.tokens, request.batches) {
            actions.resolve(token, request.failure.map { .refused($0) } ?? .accepted(spanCount: batch.spanCount))
        }
        if !request.storedIDs.isEmpty { actions.storage.append(.remove(request.storedIDs)) }
    }

    mutating func drop(
        _ id: Int,
        _ request: Request,
        _ cause: DropCause,
        _ kind: ConsumeError.Kind,
        _ message: String,
        _ retryAfter: Duration? = nil,
        now: Instant,
        _ actions: inout Actions
    ) {
        var request = request
        let spans = request.currentSpans
        counters.drop(spans, cause)
        request.failure = ConsumeError(kind, message, retryAfter: retryAfter)
        actions.note = .dropped(spans: spans, error: message, isRejected: queue.waitForResult)
        goOn(id, request, now: now, &actions)
    }

    mutating func setExportError(_ error: String?, _ actions: inout Actions) {
        guard !isStopping, (status.exportError == nil) != (error == nil) else { return }
        status.exportError = error
        actions.statusChange = status.change()
    }
}
