import Logging
import NIOCore
public import ServiceLifecycle
import Synchronization

/// An exporter with queue, consumers and retries in front of its sender.
///
/// `consume` answers when the queue has taken the batch; with the queue off, or with `wait_for_result`, when the
/// backend has answered, retries included. A sender that gives up earlier (Tekton's exporter after 10 s) sends again.
public final class QueuedExporter: TraceConsumer, Service {
    private typealias Completion = @Sendable (ConsumeResult) -> Void
    private typealias Queue = SendingQueue<Completion>

    private let sender: any BatchSender
    private let context: ComponentContext
    private let eventLoop: any EventLoop
    private let state: Mutex<Queue>
    private let drained = AsyncStream<Void>.makeStream()

    public init(
        sender: any BatchSender,
        queue: SendingQueueConfiguration,
        retry: RetryConfiguration,
        merging: BatchMerging = BatchMerging(),
        context: ComponentContext
    ) {
        self.sender = sender
        self.context = context
        eventLoop = context.eventLoopGroup.next()
        state = Mutex(Queue(queue: queue, retry: retry, merging: merging))
    }

    public var counters: ExporterCounters { state.withLock { $0.counters } }

    public func consume(_ batch: TraceBatch, _ completion: @escaping @Sendable (ConsumeResult) -> Void) {
        let now = ContinuousClock.now
        let (answer, actions) = state.withLock { $0.offer(batch, token: completion, now: now) }
        switch answer {
        case .accepted: completion(.accepted(spanCount: batch.spanCount))
        case .refused(let error): completion(.refused(error))
        case .pending: break
        }
        perform(actions)
    }

    /// Runs until a graceful shutdown, and then until the queue is drained or the time for it is over.
    public func run() async throws {
        context.report(.ok)
        // Throws when the task is cancelled, which leaves no time to drain.
        let isGraceful = (try? await gracefulShutdown()) != nil
        context.report(.stopping)
        if isGraceful {
            perform(state.withLock { $0.stop(now: ContinuousClock.now) })
            await waitUntilDrained()
        }
        perform(state.withLock { $0.abandon() })
        await sender.shutdown()
        context.report(.stopped)
    }

    private func waitUntilDrained() async {
        let (timeout, stream) = (context.shutdownTimeout, drained.stream)
        await withTaskGroup { group in
            group.addTask { for await _ in stream {} }
            group.addTask { try? await Task.sleep(for: timeout) }
            await group.next()
            group.cancelAll()
        }
    }

    private func perform(_ actions: Queue.Actions) {
        if let note = actions.note { log(note) }
        if let status = actions.status { context.report(status) }
        for (completion, result) in actions.resolved { completion(result) }
        if let (id, delay) = actions.retry {
            after(delay) { exporter in
                exporter.perform(exporter.state.withLock { $0.retryDue(id, now: ContinuousClock.now) })
            }
        }
        if let delay = actions.wakeAfter {
            after(delay) { exporter in
                exporter.perform(exporter.state.withLock { $0.wake(now: ContinuousClock.now) })
            }
        }
        for send in actions.sends {
            sender.send(send.batches) { outcome in
                let random = Double.random(in: 0..<1)
                let now = ContinuousClock.now
                self.perform(self.state.withLock { $0.finished(send.id, outcome, now: now, random: random) })
            }
        }
        if actions.isDrained { drained.continuation.finish() }
    }

    private func after(_ delay: Duration, _ body: @escaping @Sendable (QueuedExporter) -> Void) {
        eventLoop.scheduleTask(in: TimeAmount(delay)) { [weak self] in
            if let self { body(self) }
        }
    }

    private func log(_ note: SendingQueueNote) {
        let logger = context.logger
        switch note {
        case .willRetry(let delay, let error):
            logger.info(
                "Exporting failed. Will retry the request after interval.",
                metadata: ["interval": "\(GoDuration.format(delay))", "error": "\(error)"]
            )
        case .dropped(let spans, let error, let isRejected):
            logger.error(
                isRejected ? "Exporting failed. Rejecting data." : "Exporting failed. Dropping data.",
                metadata: ["error": "\(error)", "dropped_items": .stringConvertible(spans)]
            )
        case .overflowed(let batches, let spans):
            logger.warning(
                "sending queue is full; senders are told to try again later (a larger `queue_size` helps with peaks)",
                metadata: ["refused_batches": .stringConvertible(batches), "refused_items": .stringConvertible(spans)]
            )
        case .abandoned(let spans):
            logger.error(
                "Shutdown timeout is over. Dropping data that has not been delivered.",
                metadata: ["dropped_items": .stringConvertible(spans)]
            )
        }
    }
}
