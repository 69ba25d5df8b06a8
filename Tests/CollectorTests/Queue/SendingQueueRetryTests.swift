import NIOCore
import Testing

@testable import Collector

@Suite struct SendingQueueRetryTests {
    let start = ContinuousClock.now

    func makeQueue(_ configure: (inout RetryConfiguration) -> Void = { _ in }) -> SendingQueue<Int> {
        var retry = RetryConfiguration()
        retry.randomizationFactor = 0
        configure(&retry)
        return SendingQueue(queue: SendingQueueConfiguration(), retry: retry, merging: BatchMerging())
    }

    func batch(_ name: String, spans: Int = 1) -> TraceBatch {
        TraceBatch(body: ByteBuffer(string: name), spanCount: spans)
    }

    @Test func intervalsGrowUpToTheMaximum() {
        var queue = makeQueue()
        _ = queue.offer(batch("a"), token: 0, now: start)
        var now = start
        var delays: [Duration] = []
        for _ in 0..<7 {
            guard let retry = queue.finished(0, .retryable("away"), now: now, random: 0.5).retry else { break }
            delays.append(retry.delay)
            now += retry.delay
            #expect(queue.retryDue(retry.id, now: now).sends.map(\.id) == [0])
        }
        let seconds = delays.map { $0 / .seconds(1) }
        #expect(seconds == [5, 7.5, 11.25, 16.875, 25.3125, 30, 30])
    }

    @Test func intervalsAreRandomizedAroundTheirNominalValue() {
        var backoff = Backoff(RetryConfiguration())
        #expect(backoff.next(random: 0) == .milliseconds(2500))
        #expect(backoff.next(random: 0.5) == .milliseconds(7500))
    }

    @Test func retryAfterLengthensButDoesNotShortenTheInterval() {
        var queue = makeQueue()
        _ = queue.offer(batch("a"), token: 0, now: start)
        let long = queue.finished(0, .retryable("429", retryAfter: .seconds(60)), now: start, random: 0)
        #expect(long.retry?.delay == .seconds(60))
        #expect(long.note == .willRetry(after: .seconds(60), error: "429"))
        _ = queue.retryDue(0, now: start + .seconds(60))
        let short = queue.finished(0, .retryable("429", retryAfter: .seconds(1)), now: start, random: 0)
        #expect(short.retry?.delay == .milliseconds(7500))
    }

    @Test func aRequestIsGivenUpWhenTheNextAttemptWouldBeTooLate() {
        var queue = makeQueue { $0.maxElapsedTime = .seconds(30) }
        _ = queue.offer(batch("a", spans: 4), token: 0, now: start)
        #expect(queue.finished(0, .retryable("away"), now: start + .seconds(20), random: 0).retry != nil)
        _ = queue.retryDue(0, now: start + .seconds(25))
        let actions = queue.finished(0, .retryable("away"), now: start + .seconds(25), random: 0)
        #expect(actions.retry == nil)
        #expect(actions.note == .dropped(spans: 4, error: "no more retries left: away", isRejected: false))
        #expect(queue.counters.droppedSpans == 4)
        #expect(queue.counters.queueSize == 0)
    }

    @Test func maxElapsedTimeZeroNeverGivesUp() {
        var queue = makeQueue { $0.maxElapsedTime = .zero }
        _ = queue.offer(batch("a"), token: 0, now: start)
        #expect(queue.finished(0, .retryable("away"), now: start + .seconds(1_000_000), random: 0).retry != nil)
    }

    @Test func permanentErrorsAndDisabledRetryDropAtOnce() {
        var queue = makeQueue()
        _ = queue.offer(batch("a"), token: 0, now: start)
        let permanent = queue.finished(0, .permanent("401"), now: start, random: 0)
        #expect(permanent.note == .dropped(spans: 1, error: "not retryable error: 401", isRejected: false))
        var disabled = makeQueue { $0.enabled = false }
        _ = disabled.offer(batch("a"), token: 0, now: start)
        let retryable = disabled.finished(0, .retryable("503"), now: start, random: 0)
        #expect(retryable.retry == nil)
        #expect(retryable.note == .dropped(spans: 1, error: "503", isRejected: false))
    }

    @Test func aNewBatchIsSentAtOnceWhenEverythingElseOnlyWaitsForARetry() {
        var queue = makeQueue()
        _ = queue.offer(batch("a"), token: 0, now: start)
        _ = queue.finished(0, .retryable("away"), now: start, random: 0)
        #expect(queue.offer(batch("b"), token: 1, now: start + .milliseconds(5)).actions.sends.count == 1)
    }

    @Test func statusFollowsFailureAndRecoveryOnce() {
        var queue = makeQueue()
        _ = queue.offer(batch("a"), token: 0, now: start)
        let failed = queue.finished(0, .retryable("away"), now: start, random: 0)
        #expect(failed.status == .recoverableError("exporting failed: away"))
        _ = queue.retryDue(0, now: start)
        #expect(queue.finished(0, .retryable("away"), now: start, random: 0).status == nil)
        _ = queue.retryDue(0, now: start)
        #expect(queue.finished(0, .delivered, now: start, random: 0).status == .ok)
        let next = queue.offer(batch("b"), token: 1, now: start + .milliseconds(5)).actions
        #expect(next.sends.map(\.id) == [1])
        #expect(queue.finished(1, .delivered, now: start + .milliseconds(6), random: 0).status == nil)
    }

    // MARK: Shutdown

    @Test func stoppingTriesEachBatchOnceMoreAndRetriesNothing() {
        var queue = makeQueue()
        _ = queue.offer(batch("a"), token: 0, now: start)
        _ = queue.finished(0, .retryable("away"), now: start, random: 0)
        _ = queue.offer(batch("b"), token: 1, now: start + .milliseconds(5))
        _ = queue.offer(batch("c"), token: 2, now: start + .milliseconds(5))
        let stopped = queue.stop(now: start)
        #expect(stopped.sends.map(\.id) == [0, 2], "the retry at once, and what was waiting")
        #expect(!stopped.isDrained)
        guard case .refused = queue.offer(batch("d"), token: 3, now: start).answer else {
            Issue.record("not refused")
            return
        }
        let first = queue.finished(0, .retryable("away"), now: start, random: 0)
        #expect(first.retry == nil)
        #expect(first.note == .dropped(spans: 1, error: "interrupted due to shutdown: away", isRejected: false))
        #expect(!queue.finished(1, .delivered, now: start, random: 0).isDrained)
        #expect(queue.finished(2, .delivered, now: start, random: 0).isDrained)
        #expect(queue.retryDue(0, now: start).sends.isEmpty, "a timer from before")
    }

    @Test func stoppingAnEmptyQueueIsDrainedAtOnce() {
        var queue = makeQueue()
        #expect(queue.stop(now: start).isDrained)
    }

    @Test func abandoningCountsWhatIsLeft() {
        var queue = makeQueue()
        _ = queue.offer(batch("a", spans: 2), token: 0, now: start)
        _ = queue.offer(batch("b", spans: 3), token: 1, now: start)
        _ = queue.stop(now: start)
        #expect(queue.abandon().note == .abandoned(spans: 5))
        #expect(queue.counters.droppedSpans == 5)
        let late = queue.finished(0, .delivered, now: start, random: 0)
        #expect(late.sends.isEmpty)
        #expect(queue.counters.sentSpans == 0)
    }

    @Test func aQueueThatIsReplacedRetriesUntilItIsEmpty() {
        var queue = makeQueue()
        _ = queue.offer(batch("a"), token: 0, now: start)
        #expect(queue.finished(0, .retryable("away"), now: start, random: 0).retry != nil)
        let stop = queue.stop(now: start, retries: true)
        #expect(stop.sends.isEmpty)
        #expect(!stop.isDrained)
        guard case .refused = queue.offer(batch("b"), token: 1, now: start).answer else {
            Issue.record("a batch was taken by a queue that is stopping")
            return
        }
        #expect(queue.retryDue(0, now: start + .seconds(5)).sends.map(\.id) == [0])
        #expect(queue.finished(0, .retryable("away"), now: start + .seconds(5), random: 0).retry != nil)
        #expect(queue.retryDue(0, now: start + .seconds(15)).sends.map(\.id) == [0])
        #expect(queue.finished(0, .delivered, now: start + .seconds(15), random: 0).isDrained)
        #expect(queue.counters.sentSpans == 1)
    }
}
