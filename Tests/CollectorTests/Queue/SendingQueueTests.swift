import NIOCore
import Testing

@testable import Collector

@Suite struct SendingQueueTests {
    let start = ContinuousClock.now

    func makeQueue(
        merging: BatchMerging = BatchMerging(),
        configure: (inout SendingQueueConfiguration, inout RetryConfiguration) -> Void = { _, _ in }
    ) -> SendingQueue<Int> {
        var queue = SendingQueueConfiguration()
        var retry = RetryConfiguration()
        retry.randomizationFactor = 0
        configure(&queue, &retry)
        return SendingQueue(queue: queue, retry: retry, merging: merging)
    }

    func batch(_ name: String, bytes: Int = 10, spans: Int = 1) -> TraceBatch {
        TraceBatch(body: ByteBuffer(string: name + String(repeating: ".", count: bytes - name.count)), spanCount: spans)
    }

    /// The names of the batches of each request.
    func names(_ actions: SendingQueue<Int>.Actions) -> [[String]] {
        actions.sends.map { send in
            send.batches.map { String(String(buffer: $0.body).prefix { $0 != "." }) }
        }
    }

    func isAccepted(_ answer: SendingQueue<Int>.Answer) -> Bool {
        if case .accepted = answer { true } else { false }
    }

    func error(_ answer: SendingQueue<Int>.Answer) -> ConsumeError? {
        if case .refused(let error) = answer { error } else { nil }
    }

    // MARK: Merging

    @Test func idleQueueSendsAtOnce() {
        var queue = makeQueue()
        let (answer, actions) = queue.offer(batch("a"), token: 0, now: start)
        #expect(isAccepted(answer))
        #expect(names(actions) == [["a"]])
        #expect(actions.wakeAfter == nil)
    }

    @Test func batchesGatherInOrderAndGoOutTogetherWhenTheLastRequestIsOldEnough() {
        var queue = makeQueue()
        let first = queue.offer(batch("a"), token: 0, now: start).actions
        let second = queue.offer(batch("b"), token: 1, now: start + .milliseconds(1)).actions
        #expect(names(second) == [])
        #expect(second.wakeAfter == .milliseconds(4))
        let ended = queue.finished(first.sends[0].id, .delivered, now: start + .milliseconds(2), random: 0)
        #expect(names(ended) == [])
        let third = queue.offer(batch("c"), token: 2, now: start + .milliseconds(3)).actions
        #expect(names(third) == [])
        #expect(third.wakeAfter == nil, "one timer at a time")
        #expect(names(queue.wake(now: start + .milliseconds(5))) == [["b", "c"]])
    }

    @Test func aBatchAfterAPauseIsSentAtOnce() {
        var queue = makeQueue()
        _ = queue.offer(batch("a"), token: 0, now: start)
        #expect(names(queue.offer(batch("b"), token: 1, now: start + .milliseconds(5)).actions) == [["b"]])
    }

    @Test func batchesOfWaitingSendersGoOutWhenNothingIsInFlight() {
        var queue = makeQueue { queue, _ in queue.waitForResult = true }
        let first = queue.offer(batch("a"), token: 0, now: start).actions
        _ = queue.offer(batch("b"), token: 1, now: start)
        _ = queue.offer(batch("c"), token: 2, now: start)
        let ended = queue.finished(first.sends[0].id, .delivered, now: start + .milliseconds(1), random: 0)
        #expect(names(ended) == [["b", "c"]])
    }

    @Test func aFullQueueDoesNotWaitForMore() {
        var queue = makeQueue { queue, _ in queue.queueSize = 3 }
        _ = queue.offer(batch("a"), token: 0, now: start)
        #expect(names(queue.offer(batch("b"), token: 1, now: start).actions) == [])
        #expect(names(queue.offer(batch("c"), token: 2, now: start).actions) == [["b", "c"]])
    }

    @Test func batchesWaitNoLongerThanTheLinger() {
        var queue = makeQueue()
        _ = queue.offer(batch("a"), token: 0, now: start)
        _ = queue.offer(batch("b"), token: 1, now: start)
        _ = queue.offer(batch("c"), token: 2, now: start + .milliseconds(3))
        let early = queue.wake(now: start + .milliseconds(4))
        #expect(names(early) == [])
        #expect(early.wakeAfter == .milliseconds(1))
        #expect(names(queue.wake(now: start + .milliseconds(5))) == [["b", "c"]])
    }

    @Test func theTimerIsArmedAgainForWhatComesLater() {
        var merging = BatchMerging()
        merging.threshold = 20
        var queue = makeQueue(merging: merging)
        _ = queue.offer(batch("a"), token: 0, now: start)
        _ = queue.offer(batch("b"), token: 1, now: start)
        let enough = queue.offer(batch("c"), token: 2, now: start + .milliseconds(1)).actions
        #expect(names(enough) == [["b", "c"]])
        _ = queue.offer(batch("d"), token: 3, now: start + .milliseconds(2))
        let stale = queue.wake(now: start + .milliseconds(5))
        #expect(names(stale) == [])
        #expect(stale.wakeAfter == .milliseconds(1))
        #expect(names(queue.wake(now: start + .milliseconds(6))) == [["d"]])
    }

    @Test func enoughBytesUseAnotherConsumer() {
        var merging = BatchMerging()
        merging.threshold = 100
        var queue = makeQueue(merging: merging)
        _ = queue.offer(batch("a"), token: 0, now: start)
        _ = queue.offer(batch("b", bytes: 60), token: 1, now: start)
        #expect(names(queue.offer(batch("c", bytes: 40), token: 2, now: start).actions) == [["b", "c"]])
    }

    @Test func aMergedRequestIsNoLongerThanTheMaximumAndALongerBatchGoesAlone() {
        var merging = BatchMerging()
        merging.maximum = 100
        var queue = makeQueue(merging: merging) { queue, _ in queue.consumers = 2 }
        let first = queue.offer(batch("a"), token: 0, now: start).actions
        _ = queue.offer(batch("b", bytes: 60), token: 1, now: start)
        _ = queue.offer(batch("c", bytes: 60), token: 2, now: start)
        _ = queue.offer(batch("d", bytes: 500), token: 3, now: start)
        let late = start + .milliseconds(6)
        #expect(names(queue.finished(first.sends[0].id, .delivered, now: late, random: 0)) == [["b"], ["c"]])
        #expect(names(queue.finished(1, .delivered, now: late, random: 0)) == [["d"]])
    }

    @Test func withoutMergingEveryBatchIsARequest() {
        var queue = makeQueue(merging: .off) { queue, _ in queue.consumers = 2 }
        #expect(names(queue.offer(batch("a"), token: 0, now: start).actions) == [["a"]])
        #expect(names(queue.offer(batch("b"), token: 1, now: start).actions) == [["b"]])
        let waiting = queue.offer(batch("c"), token: 2, now: start).actions
        #expect(names(waiting) == [])
        #expect(waiting.wakeAfter == nil, "no consumer is free: the end of a request is what helps")
        #expect(names(queue.finished(1, .delivered, now: start, random: 0)) == [["c"]])
    }

    @Test func noMoreRequestsAtATimeThanConsumersRetriesIncluded() {
        var queue = makeQueue { queue, _ in queue.consumers = 1 }
        _ = queue.offer(batch("a"), token: 0, now: start)
        _ = queue.finished(0, .retryable("away"), now: start, random: 0)
        #expect(names(queue.offer(batch("b"), token: 1, now: start).actions) == [])
        #expect(names(queue.wake(now: start + .seconds(1))) == [])
        #expect(names(queue.retryDue(0, now: start + .seconds(5))) == [["a"]])
        #expect(names(queue.finished(0, .delivered, now: start + .seconds(5), random: 0)) == [["b"]])
    }

    @Test func aMergedRequestRefusedForItsContentIsTriedBatchByBatch() {
        var queue = makeQueue()
        _ = queue.offer(batch("a"), token: 0, now: start)
        _ = queue.offer(batch("b"), token: 1, now: start)
        _ = queue.offer(batch("bad"), token: 2, now: start)
        _ = queue.finished(0, .delivered, now: start, random: 0)
        #expect(names(queue.wake(now: start + .milliseconds(5))) == [["b", "bad"]])
        let parts = queue.finished(1, .rejected("400"), now: start, random: 0)
        #expect(names(parts) == [["b"], ["bad"]])
        _ = queue.finished(2, .delivered, now: start, random: 0)
        let end = queue.finished(3, .rejected("400"), now: start, random: 0)
        #expect(end.note == .dropped(spans: 1, error: "not retryable error: 400", isRejected: false))
        #expect(queue.counters.sentSpans == 2)
        #expect(queue.counters.droppedSpans == 1)
        #expect(queue.counters.queueSize == 0)
    }

    // MARK: Capacity

    @Test(arguments: [false, true]) func whatIsLargerThanTheQueueIsRefusedForGood(blocks: Bool) {
        var queue = makeQueue { queue, _ in
            queue.sizer = .items
            queue.queueSize = 5
            queue.blockOnOverflow = blocks
        }
        let (answer, actions) = queue.offer(batch("a", spans: 6), token: 0, now: start)
        let message = "element size too large: 6 items, the sending queue holds 5 (queue_size)"
        #expect(error(answer) == ConsumeError(.permanent, message))
        #expect(actions.note == nil && queue.counters.enqueueFailedSpans == 6)
        #expect(isAccepted(queue.offer(batch("b", spans: 5), token: 1, now: start).answer))
    }

    @Test func fullQueueRefusesAndCountsWhatIsInFlight() {
        var queue = makeQueue { queue, _ in queue.queueSize = 2 }
        _ = queue.offer(batch("a"), token: 0, now: start)
        _ = queue.offer(batch("b"), token: 1, now: start)
        let (answer, actions) = queue.offer(batch("c", spans: 7), token: 2, now: start)
        #expect(
            error(answer) == ConsumeError(.unavailable, "sending queue is full", retryAfter: .seconds(1))
        )
        #expect(actions.note == .overflowed(batches: 1, spans: 7))
        #expect(queue.counters.enqueueFailedSpans == 7)
        #expect(queue.counters.queueSize == 2)
        _ = queue.finished(0, .delivered, now: start, random: 0)
        #expect(isAccepted(queue.offer(batch("d"), token: 3, now: start).answer))
    }

    @Test(arguments: [(SendingQueueConfiguration.Sizer.items, 5), (.bytes, 50)])
    func sizerDecidesWhatIsCounted(sizer: SendingQueueConfiguration.Sizer, size: Int) {
        var queue = makeQueue { queue, _ in
            queue.sizer = sizer
            queue.queueSize = size
        }
        #expect(isAccepted(queue.offer(batch("a", bytes: 40, spans: 4), token: 0, now: start).answer))
        #expect(error(queue.offer(batch("b", bytes: 11, spans: 2), token: 1, now: start).answer) != nil)
        #expect(isAccepted(queue.offer(batch("c", bytes: 10, spans: 1), token: 2, now: start).answer))
        #expect(queue.counters.queueSize == size)
    }

    @Test func refusalsAreNotedOncePerInterval() {
        var queue = makeQueue { queue, _ in queue.queueSize = 1 }
        _ = queue.offer(batch("a"), token: 0, now: start)
        #expect(queue.offer(batch("b"), token: 1, now: start).actions.note != nil)
        for token in 2..<10 {
            #expect(queue.offer(batch("c"), token: token, now: start + .seconds(9)).actions.note == nil)
        }
        let note = queue.offer(batch("d"), token: 10, now: start + .seconds(10)).actions.note
        #expect(note == .overflowed(batches: 9, spans: 9))
    }

    @Test func blockOnOverflowLetsSendersWaitForRoomInOrder() {
        var queue = makeQueue { queue, _ in
            queue.queueSize = 1
            queue.blockOnOverflow = true
        }
        _ = queue.offer(batch("a"), token: 0, now: start)
        guard case .pending = queue.offer(batch("b"), token: 1, now: start).answer else {
            Issue.record("not pending")
            return
        }
        #expect(error(queue.offer(batch("c"), token: 2, now: start).answer) != nil, "the waiting are bounded too")
        let actions = queue.finished(0, .delivered, now: start, random: 0)
        #expect(actions.resolved.map(\.token) == [1])
        #expect(names(actions) == [["b"]])
    }

    // MARK: Results

    @Test func waitForResultAnswersWithTheResultOfTheBatch() {
        var queue = makeQueue { queue, _ in queue.waitForResult = true }
        _ = queue.offer(batch("a", spans: 3), token: 7, now: start)
        let actions = queue.finished(0, .delivered, now: start, random: 0)
        #expect(actions.resolved.map(\.token) == [7])
        guard case .accepted(spanCount: 3)? = actions.resolved.first?.result else {
            Issue.record("not accepted")
            return
        }
    }

    @Test func withoutQueueEverySenderGetsTheBackendsAnswer() {
        var queue = makeQueue { queue, retry in
            queue.enabled = false
            retry.enabled = false
        }
        for token in 0..<100 {
            #expect(queue.offer(batch("a"), token: token, now: start).actions.sends.count == 1)
        }
        let unavailable = queue.finished(0, .retryable("away"), now: start, random: 0)
        guard case .refused(let error)? = unavailable.resolved.first?.result else {
            Issue.record("not refused")
            return
        }
        #expect(error == ConsumeError(.unavailable, "away"))
        #expect(unavailable.note == .dropped(spans: 1, error: "away", isRejected: true))
        let permanent = queue.finished(1, .permanent("no"), now: start, random: 0)
        guard case .refused(let error)? = permanent.resolved.first?.result else {
            Issue.record("not refused")
            return
        }
        #expect(error == ConsumeError(.permanent, "not retryable error: no"))
    }
}
