import NIOCore
import OTLP
import Testing

@testable import Collector

/// `sending_queue::batch`, and with it the `batch` processor.
@Suite struct SendingQueueBatchTests {
    let start = ContinuousClock.now

    func makeQueue(_ configure: (inout BatchMerging) -> Void = { _ in }) -> SendingQueue<Int> {
        var merging = BatchMerging()
        merging.isOpportunistic = false
        merging.cutsLargeBatches = true
        merging.sizer = .items
        merging.threshold = 10
        merging.maximum = .max
        merging.linger = .milliseconds(200)
        configure(&merging)
        return SendingQueue(queue: SendingQueueConfiguration(), retry: RetryConfiguration(), merging: merging)
    }

    func batch(_ name: String, spans: Int, tenant: String? = nil) -> TraceBatch {
        let metadata = tenant.map { BatchMetadata([(name: "X-Tenant", value: $0)]) }
        return TraceBatch(body: ByteBuffer(string: name), spanCount: spans, metadata: metadata)
    }

    func names(_ actions: SendingQueue<Int>.Actions) -> [[String]] {
        actions.sends.map { $0.batches.map { String(buffer: $0.body) } }
    }

    /// A request of so many spans, each of ten bytes and a name.
    func request(spans: Int) -> TraceBatch {
        let scope = (0..<spans).flatMap { [0x12, 10, 0x2A, 8] + [UInt8](repeating: 0x61 + UInt8($0), count: 8) }
        var resource: [UInt8] = []
        ResourceSpansAppender.append(encoded: scope, to: &resource)
        resource[0] = 0x12
        var body: [UInt8] = []
        ResourceSpansAppender.append(encoded: resource, to: &body)
        return TraceBatch(body: ByteBuffer(bytes: body), spanCount: spans)
    }

    @Test func everyBatchWaitsForOthersAndTheFirstArmsTheTimer() {
        var queue = makeQueue()
        let first = queue.offer(batch("a", spans: 1), token: 0, now: start).actions
        #expect(names(first) == [])
        #expect(first.wakeAfter == .milliseconds(200))
        let second = queue.offer(batch("b", spans: 1), token: 1, now: start + .milliseconds(150)).actions
        #expect(names(second) == [])
        #expect(second.wakeAfter == nil)
        #expect(names(queue.wake(now: start + .milliseconds(200))) == [["a", "b"]])
        #expect(queue.counters.timeoutTriggers == 1)
        #expect(queue.counters.sizeTriggers == 0)
    }

    @Test func enoughSpansGoOutAtOnce() {
        var queue = makeQueue()
        _ = queue.offer(batch("a", spans: 4), token: 0, now: start)
        #expect(names(queue.offer(batch("b", spans: 5), token: 1, now: start).actions) == [])
        #expect(names(queue.offer(batch("c", spans: 1), token: 2, now: start).actions) == [["a", "b", "c"]])
        #expect(queue.counters.sizeTriggers == 1)
        #expect(queue.sendSizes.spans.counts == [1] + Array(repeating: 0, count: 22))
        #expect(queue.sendSizes.spans.sum == 10)
        #expect(queue.sendSizes.bytes.counts.count == 40)
    }

    @Test func aMergedRequestKeepsToTheMaximum() {
        var queue = makeQueue { $0.maximum = 12 }
        _ = queue.offer(batch("a", spans: 7), token: 0, now: start)
        #expect(names(queue.offer(batch("b", spans: 7), token: 1, now: start).actions) == [["a"]])
        #expect(names(queue.wake(now: start + .milliseconds(200))) == [["b"]])
    }

    @Test func partitionsAreSentApartEachWhenItIsDue() {
        var queue = makeQueue { $0.partitionKeys = ["x-tenant"] }
        _ = queue.offer(batch("a1", spans: 6, tenant: "a"), token: 0, now: start)
        _ = queue.offer(batch("b1", spans: 6, tenant: "b"), token: 1, now: start + .milliseconds(50))
        _ = queue.offer(batch("none", spans: 6), token: 2, now: start + .milliseconds(60))
        let full = queue.offer(batch("a2", spans: 6, tenant: "a"), token: 3, now: start + .milliseconds(100)).actions
        #expect(names(full) == [["a1", "a2"]])
        let early = queue.wake(now: start + .milliseconds(200))
        #expect(names(early) == [])
        #expect(early.wakeAfter == .milliseconds(50))
        let second = queue.wake(now: start + .milliseconds(250))
        #expect(names(second) == [["b1"]])
        #expect(second.wakeAfter == .milliseconds(10))
        #expect(names(queue.wake(now: start + .milliseconds(260))) == [["none"]])
    }

    @Test func moreCombinationsThanTheLimitAreRefusedUntilOneIsFree() {
        var queue = makeQueue {
            $0.partitionKeys = ["x-tenant"]
            $0.partitionLimit = 1
        }
        _ = queue.offer(batch("a", spans: 1, tenant: "a"), token: 0, now: start)
        guard case .refused(let error) = queue.offer(batch("b", spans: 1, tenant: "b"), token: 1, now: start).answer
        else {
            Issue.record("not refused")
            return
        }
        #expect(error.message == "too many batcher metadata-value combinations")
        #expect(error.kind == .unavailable)
        _ = queue.wake(now: start + .milliseconds(200))
        guard case .accepted = queue.offer(batch("b", spans: 1, tenant: "b"), token: 1, now: start).answer else {
            Issue.record("not accepted")
            return
        }
    }

    @Test func whatIsTooLargeIsCutAndItsPartsGoOneAfterTheOther() {
        var queue = makeQueue {
            $0.threshold = 2
            $0.maximum = 4
        }
        let scanner = SpanScanner(taskRunKeys: [], namespaceKeys: [])
        var spans: [Int] = []
        var actions = queue.offer(request(spans: 10), token: 0, now: start).actions
        while let send = actions.sends.first {
            #expect(actions.sends.count == 1)
            spans.append(send.batches.reduce(0) { $0 + ((try? scanner.scan($1.body.readableBytesSpan) { _ in }) ?? 0) })
            #expect(queue.counters.queuedSpans == 10 - spans.dropLast().reduce(0, +))
            actions = queue.finished(send.id, .delivered, now: start, random: 0)
        }
        #expect(spans == [4, 4, 2])
        #expect(queue.counters.sentSpans == 10)
        #expect(queue.counters.queueSize == 0)
    }

    @Test func aPartThatIsRefusedIsDroppedAndTheOthersGoOn() {
        var queue = makeQueue {
            $0.threshold = 2
            $0.maximum = 4
        }
        let id = queue.offer(request(spans: 10), token: 0, now: start).actions.sends[0].id
        #expect(queue.finished(id, .delivered, now: start, random: 0).sends.map(\.id) == [id])
        let refused = queue.finished(id, .rejected("400"), now: start, random: 0)
        #expect(refused.note == .dropped(spans: 4, error: "not retryable error: 400", isRejected: false))
        #expect(refused.sends.map(\.id) == [id])
        let away = queue.finished(id, .retryable("away"), now: start, random: 0.5)
        #expect(away.retry?.delay == .seconds(5))
        #expect(queue.retryDue(id, now: start).sends.first?.batches.first?.spanCount == 2)
        _ = queue.finished(id, .delivered, now: start, random: 0)
        #expect(queue.counters.sentSpans == 6)
        #expect(queue.counters.dropped == [.rejected: 4])
        #expect(queue.counters.queuedSpans == 0)
    }

    @Test func zeroSizeOrTimeMeansNoWaiting() {
        var size = makeQueue { $0.threshold = 0 }
        #expect(names(size.offer(batch("a", spans: 1), token: 0, now: start).actions) == [["a"]])
        var time = makeQueue { $0.linger = .zero }
        #expect(names(time.offer(batch("a", spans: 1), token: 0, now: start).actions) == [["a"]])
    }
}
