/// The queue beyond the end of the process.
extension SendingQueue {
    /// The time after which reading that failed is tried again.
    private static var fetchRetryInterval: Duration { .seconds(1) }

    /// The storage is open, and an earlier process has left this in it.
    mutating func opened(_ totals: StoredTotals, now: Instant) -> Actions {
        var actions = Actions()
        guard !isAbandoned else { return actions }
        place = .storage
        spilled = totals
        counters.restoredSpans = totals.spans
        counters.queuedSpans += totals.spans
        counters.queueSize += size(of: totals)
        dispatch(now: now, &actions)
        return actions
    }

    /// A batch of ``Actions/stores`` has got its id, or has not been stored.
    mutating func stored(_ id: Int, _ result: Result<Int64, QueueStorageError>, now: Instant) -> Actions {
        var actions = Actions()
        guard let item = storing.removeValue(forKey: id) else { return actions }
        let (batch, token) = (item.batch, item.token)
        switch result {
        case .success(let storedID):
            counters.acceptedSpans += batch.spanCount
            counters.queuedSpans += batch.spanCount
            actions.resolve(token, .accepted(spanCount: batch.spanCount))
            let fits = waitingBytes + batch.byteCount <= memoryWindow || lanes.isEmpty
            if spilled.batches == 0, fits, !isAbandoned {
                lastInMemory = storedID
                var item = Waiting(batch: batch, token: nil, since: now)
                item.storedID = storedID
                enqueue(item)
            } else {
                spilled.add(batch)
            }
            setStorageError(nil, &actions)
        case .failure(let error):
            counters.queueSize -= size(of: batch)
            counters.enqueueFailedSpans += batch.spanCount
            let message = "the sending queue's storage cannot be written: \(error)"
            actions.resolve(token, .refused(ConsumeError(.unavailable, message, retryAfter: .seconds(1))))
            setStorageError(error.description, &actions)
            unblock(now: now, &actions)
        }
        if !isAbandoned { dispatch(now: now, &actions) }
        return actions
    }

    /// What ``Actions/fetch`` asked for.
    mutating func fetched(_ result: Result<[FetchedBatch], QueueStorageError>, now: Instant) -> Actions {
        var actions = Actions()
        guard !isStopping else { return actions }
        switch result {
        case .success(let batches):
            isFetching = false
            setStorageError(nil, &actions)
            for fetched in batches {
                spilled.subtract(fetched.batch)
                lastInMemory = fetched.id
                var item = Waiting(batch: fetched.batch, token: nil, since: now)
                item.storedID = fetched.id
                enqueue(item)
            }
            if batches.isEmpty { forgetSpilled(now: now, &actions) }
            dispatch(now: now, &actions)
        case .failure(let error):
            setStorageError(error.description, &actions)
            actions.storage.append(.fetchAfter(Self.fetchRetryInterval))
        }
        return actions
    }

    /// The time of ``Actions/fetchAfter`` is over.
    mutating func fetchDue() -> Actions {
        var actions = Actions()
        isFetching = false
        fetchIfNeeded(&actions)
        return actions
    }

    mutating func store(_ batch: TraceBatch, _ token: Token, _ actions: inout Actions) {
        counters.queueSize += size(of: batch)
        let id = nextID
        nextID += 1
        storing[id] = Storing(batch: batch, token: token)
        actions.storage.append(.store(Actions.Store(id: id, batch: batch)))
    }

    mutating func fetchIfNeeded(_ actions: inout Actions) {
        guard spilled.batches > 0, !isFetching, !isStopping, waitingBytes <= memoryWindow / 2 else { return }
        isFetching = true
        actions.storage.append(.fetch(Actions.Fetch(after: lastInMemory, bytes: memoryWindow / 2)))
    }

    /// The process ends, and the backend is away: nothing more is tried, and everything stays where it is.
    mutating func leaveInStorage() {
        lanes.removeAll()
        waitingBytes = 0
    }

    /// There is nothing more where there should be: the file was damaged.
    private mutating func forgetSpilled(now: Instant, _ actions: inout Actions) {
        guard spilled.batches > 0 else { return }
        counters.drop(spilled.spans, .storage)
        counters.queueSize -= size(of: spilled)
        actions.note = .lostInStorage(spans: spilled.spans)
        spilled = StoredTotals()
        unblock(now: now, &actions)
    }

    private func size(of totals: StoredTotals) -> Int {
        switch queue.sizer {
        case .requests: totals.batches
        case .items: totals.spans
        case .bytes: totals.bytes
        }
    }

    private mutating func setStorageError(_ error: String?, _ actions: inout Actions) {
        guard (status.storageError == nil) != (error == nil) else { return }
        status.storageError = error
        actions.note = error.map { .storageFailed($0) } ?? .storageWorksAgain
        guard !isStopping else { return }
        actions.statusChange = status.change()
    }
}
