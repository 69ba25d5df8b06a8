import NIOCore
import Testing

@testable import Collector

/// The queue with a storage: reserve, store, admit or refuse.
@Suite struct SendingQueueStorageTests {
    let start = ContinuousClock.now

    func makeQueue(
        window: Int = 1 << 20,
        _ configure: (inout SendingQueueConfiguration) -> Void = { _ in }
    ) -> SendingQueue<Int> {
        var queue = SendingQueueConfiguration()
        configure(&queue)
        var retry = RetryConfiguration()
        retry.randomizationFactor = 0
        var machine = SendingQueue<Int>(queue: queue, retry: retry, merging: .off, hasStorage: true)
        machine.memoryWindow = window
        return machine
    }

    func opened(window: Int = 1 << 20, _ configure: (inout SendingQueueConfiguration) -> Void = { _ in })
        -> SendingQueue<Int>
    {
        var queue = makeQueue(window: window, configure)
        _ = queue.opened(StoredTotals(), now: start)
        return queue
    }

    func batch(_ name: String, bytes: Int = 10, spans: Int = 1) -> TraceBatch {
        TraceBatch(body: ByteBuffer(string: name + String(repeating: ".", count: bytes - name.count)), spanCount: spans)
    }

    func error(_ answer: SendingQueue<Int>.Answer) -> ConsumeError? {
        if case .refused(let error) = answer { error } else { nil }
    }

    /// Offers a batch and lets it be stored.
    func store(_ queue: inout SendingQueue<Int>, _ batch: TraceBatch, id: Int64) -> SendingQueue<Int>.Actions {
        let actions = queue.offer(batch, token: Int(id), now: start).actions
        guard let store = actions.stores.first else { return actions }
        return queue.stored(store.id, .success(id), now: start)
    }

    @Test func nothingIsAcceptedBeforeTheStorageIsOpen() {
        var queue = makeQueue()
        let error = error(queue.offer(batch("a"), token: 0, now: start).answer)
        #expect(error?.kind == .unavailable)
        #expect(error?.retryAfter == .seconds(1))
    }

    @Test func aBatchIsAcceptedAndSentWhenItIsStoredAndForgottenWhenItIsDelivered() {
        var queue = opened()
        let (answer, offered) = queue.offer(batch("a", spans: 3), token: 7, now: start)
        guard case .pending = answer else {
            Issue.record("not pending")
            return
        }
        #expect(offered.sends.isEmpty && offered.resolved.isEmpty)
        #expect(queue.counters.acceptedSpans == 0)
        #expect(queue.counters.queueSize == 1, "room is reserved")
        let stored = queue.stored(offered.stores[0].id, .success(41), now: start)
        #expect(stored.resolved.map(\.token) == [7])
        #expect(stored.sends.count == 1)
        #expect(queue.counters.acceptedSpans == 3)
        let delivered = queue.finished(stored.sends[0].id, .delivered, now: start, random: 0)
        #expect(delivered.removals == [41])
        #expect(queue.counters.queueSize == 0)
    }

    @Test func aBatchThatIsNotStoredIsRefusedAndItsRoomIsFree() {
        var queue = opened { $0.queueSize = 1 }
        let offered = queue.offer(batch("a", spans: 3), token: 7, now: start).actions
        #expect(error(queue.offer(batch("b"), token: 8, now: start).answer)?.message == "sending queue is full")
        let failed = queue.stored(offered.stores[0].id, .failure(QueueStorageError("the disk is full")), now: start)
        guard case .refused(let error)? = failed.resolved.first?.result else {
            Issue.record("not refused")
            return
        }
        #expect(error.kind == .unavailable)
        #expect(error.retryAfter == .seconds(1))
        #expect(error.message == "the sending queue's storage cannot be written: the disk is full")
        #expect(failed.note == .storageFailed("the disk is full"))
        #expect(failed.status == .recoverableError("storing failed: the disk is full"))
        #expect(queue.counters.enqueueFailedSpans == 4)
        let works = store(&queue, batch("c"), id: 1)
        #expect(works.note == .storageWorksAgain)
        #expect(works.status == .ok)
    }

    @Test func theStatusIsOKOnlyWhileBothStorageAndBackendWork() {
        var queue = opened()
        func storing(_ result: Result<Int64, QueueStorageError>) -> ComponentStatus? {
            guard let store = queue.offer(batch("a"), token: 0, now: start).actions.stores.first else { return nil }
            return queue.stored(store.id, result, now: start).status
        }
        let full = Result<Int64, QueueStorageError>.failure(QueueStorageError("the disk is full"))
        let (storage, backend) = ("storing failed: the disk is full", "exporting failed: away")
        let sends = (0..<3).compactMap { store(&queue, batch("b"), id: Int64($0 + 1)).sends.first?.id }
        #expect(
            queue.finished(sends[0], .retryable("away"), now: start, random: 0).status == .recoverableError(backend)
        )
        #expect(storing(full) == .recoverableError(storage))
        // Neither that the backend is back nor that it is away again hides that nothing can be stored.
        #expect(queue.finished(sends[1], .delivered, now: start, random: 0).status == nil)
        #expect(queue.finished(sends[2], .retryable("away"), now: start, random: 0).status == nil)
        #expect(storing(.success(10)) == .recoverableError(backend))
        _ = queue.retryDue(sends[2], now: start)
        #expect(queue.finished(sends[2], .delivered, now: start, random: 0).status == .ok)
        #expect(storing(full) == .recoverableError(storage))
        #expect(storing(.success(11)) == .ok)
    }

    @Test func whatAnEarlierProcessLeftIsReadOldestFirstAndTakesRoom() {
        var queue = makeQueue { $0.queueSize = 2 }
        let opened = queue.opened(StoredTotals(batches: 2, spans: 5, bytes: 20), now: start)
        #expect(opened.fetch == .init(after: 0, bytes: 1 << 19))
        #expect(queue.counters.restoredSpans == 5)
        #expect(error(queue.offer(batch("new"), token: 0, now: start).answer)?.message == "sending queue is full")
        let fetched = queue.fetched(
            .success([
                FetchedBatch(id: 3, batch: batch("a", spans: 2)), FetchedBatch(id: 4, batch: batch("b", spans: 3)),
            ]),
            now: start
        )
        #expect(fetched.sends.flatMap(\.batches).map(\.spanCount) == [2, 3])
        #expect(fetched.fetch == nil)
        #expect(queue.finished(fetched.sends[0].id, .delivered, now: start, random: 0).removals == [3])
        #expect(queue.counters.sentSpans == 2)
    }

    @Test func onlyAWindowOfWhatIsStoredIsInMemory() {
        var queue = opened(window: 40) { $0.consumers = 1 }
        let first = store(&queue, batch("a"), id: 1)
        for id in 2...10 as ClosedRange<Int64> { _ = store(&queue, batch("b"), id: id) }
        #expect(queue.waitingBytes == 40)
        #expect(queue.spilled == StoredTotals(batches: 5, spans: 5, bytes: 50))
        #expect(queue.counters.queuedSpans == 10)
        var actions = first
        for _ in 1...2 { actions = queue.finished(actions.sends[0].id, .delivered, now: start, random: 0) }
        #expect(actions.fetch == .init(after: 5, bytes: 20), "half of the window is empty")
        #expect(store(&queue, batch("c"), id: 11).fetch == nil, "one at a time")
        #expect(queue.spilled.batches == 6, "it may not overtake those before it")
        let fetched = (6...7).map { FetchedBatch(id: $0, batch: batch("b")) }
        _ = queue.fetched(.success(fetched), now: start)
        #expect(queue.spilled.batches == 4)
    }

    @Test func readingThatFailsIsTriedAgain() {
        var queue = makeQueue()
        _ = queue.opened(StoredTotals(batches: 1, spans: 1, bytes: 10), now: start)
        let failed = queue.fetched(.failure(QueueStorageError("I/O error")), now: start)
        #expect(failed.fetchAfter == .seconds(1))
        #expect(failed.fetch == nil)
        #expect(queue.fetchDue().fetch == .init(after: 0, bytes: 1 << 19))
    }

    @Test func whatIsNotThereAnyMoreIsCountedAsDropped() {
        var queue = makeQueue()
        _ = queue.opened(StoredTotals(batches: 2, spans: 5, bytes: 20), now: start)
        let fetched = queue.fetched(.success([]), now: start)
        #expect(fetched.note == .lostInStorage(spans: 5))
        #expect(queue.counters.dropped == [.storage: 5])
        #expect(queue.counters.queueSize == 0)
        #expect(queue.counters.queuedSpans == 0)
    }

    @Test func stoppingKeepsWhatCannotBeDelivered() {
        var queue = opened { $0.consumers = 1 }
        let id = store(&queue, batch("a", spans: 2), id: 1).sends[0].id
        _ = store(&queue, batch("b", spans: 3), id: 2)
        let late = queue.offer(batch("c", spans: 4), token: 3, now: start).actions.stores[0].id
        #expect(!queue.stop(now: start).isDrained)
        let away = queue.finished(id, .retryable("away"), now: start, random: 0)
        #expect(away.removals.isEmpty && away.note == nil && away.sends.isEmpty)
        #expect(!away.isDrained, "a batch is on its way to the storage")
        let stored = queue.stored(late, .success(3), now: start)
        #expect(stored.resolved.map(\.token) == [3])
        _ = queue.abandon()
        #expect(queue.counters.droppedSpans == 0)
        #expect(queue.counters.queuedSpans == 9)
    }

    @Test func abandoningKeepsWhatIsInFlightAndAnswersWhatIsStoredLater() {
        var queue = opened()
        let id = store(&queue, batch("a", spans: 2), id: 1).sends[0].id
        let late = queue.offer(batch("b", spans: 3), token: 2, now: start).actions.stores[0].id
        _ = queue.stop(now: start)
        let abandoned = queue.abandon()
        #expect(abandoned.note == nil)
        #expect(abandoned.isDrained)
        #expect(queue.finished(id, .delivered, now: start, random: 0).removals.isEmpty)
        let stored = queue.stored(late, .success(2), now: start)
        #expect(stored.resolved.map(\.token) == [2])
        #expect(stored.sends.isEmpty)
        #expect(queue.counters.acceptedSpans == 5)
        #expect(queue.counters.queuedSpans == 5)
    }

    @Test func sendersThatWaitForRoomAreStoredInTheirTurn() {
        var queue = opened {
            $0.queueSize = 1
            $0.blockOnOverflow = true
        }
        let id = store(&queue, batch("a"), id: 1).sends[0].id
        guard case .pending = queue.offer(batch("b"), token: 2, now: start).answer else {
            Issue.record("not pending")
            return
        }
        let freed = queue.finished(id, .delivered, now: start, random: 0)
        #expect(freed.resolved.isEmpty)
        #expect(queue.stored(freed.stores[0].id, .success(2), now: start).resolved.map(\.token) == [2])
    }
}
