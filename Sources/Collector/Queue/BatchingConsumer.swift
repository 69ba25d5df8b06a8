import NIOCore
public import ServiceLifecycle
import Synchronization

/// Gathers batches and hands them to the next consumer as one: the `batch` processor.
///
/// Unlike the Collector's, it answers a sender with what the next consumer has answered for the merged batch: nothing is
/// accepted that could still be lost here. What the next consumer refuses for its content is handed to it once more batch
/// by batch.
public final class BatchingConsumer: TraceConsumer, Service {
    private typealias Completion = @Sendable (ConsumeResult) -> Void
    private typealias Queue = SendingQueue<Completion>

    private let next: any TraceConsumer
    private let merging: BatchMerging
    private let context: ComponentContext
    private let eventLoop: any EventLoop
    private let state: Mutex<Queue>
    private let drained = AsyncStream<Void>.makeStream()

    public init(merging: BatchMerging, context: ComponentContext, next: any TraceConsumer) {
        self.next = next
        self.merging = merging
        self.context = context
        eventLoop = context.eventLoopGroup.next()
        // Senders wait for their answer: their number is the limit.
        var queue = SendingQueueConfiguration()
        queue.consumers = .max
        queue.queueSize = .max
        queue.waitForResult = true
        var retry = RetryConfiguration()
        retry.enabled = false
        state = Mutex(Queue(queue: queue, retry: retry, merging: merging, owner: "processor"))
        let name = "\(context.id)"
        context.observe { [weak self] sink in self?.write(to: &sink, processor: name) }
    }

    public var overload: ConsumeError? { next.overload }

    public func consume(_ batch: TraceBatch, _ completion: @escaping @Sendable (ConsumeResult) -> Void) {
        let now = ContinuousClock.now
        let (answer, actions) = state.withLock { $0.offer(batch, token: completion, now: now) }
        if case .refused(let error) = answer { completion(.refused(error)) }
        perform(actions)
    }

    public func run() async throws {
        context.report(.ok)
        let isGraceful = (try? await gracefulShutdown()) != nil
        if isGraceful {
            perform(state.withLock { $0.stop(now: ContinuousClock.now) })
            for await _ in drained.stream {}
        }
        perform(state.withLock { $0.abandon() })
        context.report(.stopped)
    }

    private func perform(_ actions: Queue.Actions) {
        for (completion, result) in actions.resolved { completion(result) }
        if let delay = actions.wakeAfter {
            eventLoop.scheduleTask(in: TimeAmount(delay)) { [weak self] in
                guard let self else { return }
                perform(state.withLock { $0.wake(now: ContinuousClock.now) })
            }
        }
        for send in actions.sends {
            next.consume(merged(send.batches)) { result in
                let (outcome, now) = (ExportOutcome(result), ContinuousClock.now)
                self.perform(self.state.withLock { $0.finished(send.id, outcome, now: now, random: 0) })
            }
        }
        if actions.isDrained { drained.continuation.finish() }
    }

    /// Of the headers only those are kept by which batches are told apart: the others may differ.
    private func merged(_ batches: [TraceBatch]) -> TraceBatch {
        guard let first = batches.first else { return TraceBatch(body: ByteBuffer()) }
        if batches.count == 1 { return first }
        var body = ByteBuffer()
        body.reserveCapacity(batches.reduce(0) { $0 + $1.byteCount })
        for batch in batches { body.writeImmutableBuffer(batch.body) }
        var metadata: BatchMetadata?
        if !merging.partitionKeys.isEmpty, let all = first.metadata {
            metadata = BatchMetadata(
                merging.partitionKeys.flatMap { name in all[name].map { (name: name, value: $0) } }
            )
        }
        return TraceBatch(body: body, spanCount: batches.reduce(0) { $0 + $1.spanCount }, metadata: metadata)
    }

    private func write(to sink: inout MetricSink, processor: String) {
        let (counters, sizes, partitions) = state.withLock { ($0.counters, $0.sendSizes, $0.lanes.count) }
        sink.add(.batchSendSize, sizes.spans.value, ["processor": processor])
        sink.add(.batchSendBytes, sizes.bytes.value, ["processor": processor])
        sink.add(.batchSizeTriggers, counters.sizeTriggers, ["processor": processor])
        sink.add(.batchTimeoutTriggers, counters.timeoutTriggers, ["processor": processor])
        sink.add(.batchCardinality, partitions, ["processor": processor])
    }
}

extension ExportOutcome {
    fileprivate init(_ result: ConsumeResult) {
        switch result {
        case .accepted: self = .delivered
        case .refused(let error):
            switch error.kind {
            case .malformed: self = .rejected(error.message)
            case .unavailable: self = .retryable(error.message, retryAfter: error.retryAfter)
            case .permanent: self = .permanent(error.message)
            }
        }
    }
}

extension MetricDescription {
    /// All metrics of the `batch` processor, for the documents.
    public static let batching = [
        batchSendSize, batchSendBytes, batchSizeTriggers, batchTimeoutTriggers, batchCardinality,
    ]

    fileprivate static let batchSendSize = MetricDescription(
        "otelcol_processor_batch_batch_send_size",
        .histogram,
        unit: "{units}",
        labels: ["processor"],
        "Number of units in the batch."
    )
    fileprivate static let batchSendBytes = MetricDescription(
        "otelcol_processor_batch_batch_send_size_bytes",
        .histogram,
        unit: "By",
        labels: ["processor"],
        "Number of bytes in batch that was sent."
    )

    fileprivate static let batchSizeTriggers = MetricDescription(
        "otelcol_processor_batch_batch_size_trigger_send",
        .counter,
        unit: "{times}",
        labels: ["processor"],
        "Number of times the batch was sent due to a size trigger."
    )
    fileprivate static let batchTimeoutTriggers = MetricDescription(
        "otelcol_processor_batch_timeout_trigger_send",
        .counter,
        unit: "{times}",
        labels: ["processor"],
        "Number of times the batch was sent due to a timeout trigger."
    )
    fileprivate static let batchCardinality = MetricDescription(
        "otelcol_processor_batch_metadata_cardinality",
        .gauge,
        unit: "{combinations}",
        labels: ["processor"],
        "Number of distinct metadata value combinations that wait now."
    )
}
