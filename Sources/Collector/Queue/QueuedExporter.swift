import Logging
import NIOCore
public import ServiceLifecycle
import Synchronization

/// An exporter with queue, consumers and retries in front of its sender.
///
/// `consume` answers when the queue has taken the batch, with a storage when it is stored; with the queue off, or with
/// `wait_for_result`, when the backend has answered, retries included. A sender that gives up earlier (Tekton's exporter
/// after 10 s) sends again.
public final class QueuedExporter: TraceConsumer, Service {
    private typealias Completion = @Sendable (ConsumeResult) -> Void
    private typealias Queue = SendingQueue<Completion>

    private let sender: any BatchSender
    private let storage: (any QueueStorage)?
    private let context: ComponentContext
    private let eventLoop: any EventLoop
    private let state: Mutex<Queue>
    /// The number of the last state that has been reported.
    private let reported = Mutex(0)
    private let drained = AsyncStream<Void>.makeStream()

    /// - Throws: when `sending_queue::storage` cannot work.
    public init(
        sender: any BatchSender,
        queue: SendingQueueConfiguration,
        retry: RetryConfiguration,
        context: ComponentContext
    ) throws {
        self.sender = sender
        self.context = context
        storage = try context.queueStorage(queue)
        eventLoop = context.eventLoopGroup.next()
        state = Mutex(Queue(queue: queue, retry: retry, merging: queue.merging, hasStorage: storage != nil))
        let name = "\(context.id)"
        context.observe { [weak self] sink in
            guard let (counters, sizes) = self?.state.withLock({ ($0.counters, $0.sendSizes) }) else { return }
            counters.write(to: &sink, exporter: name)
            sizes.write(to: &sink, exporter: name)
        }
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
    ///
    /// - Throws: when the storage cannot be opened.
    public func run() async throws {
        // Its predecessor ends when this one has started. Until then senders are told to come again.
        if storage?.isInUse == true { report(state.withLock { $0.status.tell() }) }
        // What is found in it may have been tried, and have failed, by now.
        if try await openStorage() { report(state.withLock { $0.status.tell() }) }
        // Throws when the task is cancelled, which leaves no time to drain.
        let isGraceful = (try? await gracefulShutdown()) != nil
        context.report(.stopping)
        if isGraceful {
            // Its successor waits for the storage, and sends what is left there.
            let retries = context.isLeaving() && storage == nil
            perform(state.withLock { $0.stop(now: ContinuousClock.now, retries: retries) })
            await waitUntilDrained()
        }
        perform(state.withLock { $0.abandon() })
        await sender.shutdown()
        await storage?.close()
        logTotals()
        context.report(.stopped)
    }

    /// False when the program is to end before the storage is open.
    private func openStorage() async throws -> Bool {
        guard let storage else { return true }
        let totals: StoredTotals
        do {
            totals = try await cancelWhenGracefulShutdown { try await storage.open() }
        } catch is CancellationError {
            return false
        }
        if totals.batches > 0 {
            context.logger.info(
                "Found batches in the storage that have not been sent yet.",
                metadata: [
                    "batches": .stringConvertible(totals.batches), "items": .stringConvertible(totals.spans),
                    "bytes": .stringConvertible(totals.bytes),
                ]
            )
        }
        perform(state.withLock { $0.opened(totals, now: ContinuousClock.now) })
        return true
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
        if let change = actions.statusChange { report(change) }
        for (completion, result) in actions.resolved { completion(result) }
        if let (id, delay) = actions.retry {
            after(delay) { $0.retryDue(id, now: ContinuousClock.now) }
        }
        if let delay = actions.wakeAfter {
            after(delay) { $0.wake(now: ContinuousClock.now) }
        }
        if !actions.storage.isEmpty, let storage { perform(actions.storage, storage) }
        for send in actions.sends {
            sender.send(send.batches) { outcome in
                let random = Double.random(in: 0..<1)
                let now = ContinuousClock.now
                self.perform(self.state.withLock { $0.finished(send.id, outcome, now: now, random: random) })
            }
        }
        if actions.isDrained { drained.continuation.finish() }
    }

    /// Reports a state, unless a later one has been reported: it would stay for as long as nothing changes.
    private func report(_ status: NumberedStatus) {
        reported.withLock { last in
            guard status.number > last else { return }
            last = status.number
            context.report(status.status)
        }
    }

    private func perform(_ actions: [Queue.Actions.StorageAction], _ storage: any QueueStorage) {
        for action in actions {
            switch action {
            case .store(let store):
                storage.store(store.batch) { result in
                    self.perform(self.state.withLock { $0.stored(store.id, result, now: ContinuousClock.now) })
                }
            case .fetch(let fetch):
                storage.fetch(after: fetch.after, bytes: fetch.bytes) { result in
                    self.perform(self.state.withLock { $0.fetched(result, now: ContinuousClock.now) })
                }
            case .fetchAfter(let delay):
                after(delay) { $0.fetchDue() }
            case .remove(let ids):
                storage.remove(ids)
            }
        }
    }

    private func after(_ delay: Duration, _ event: @escaping @Sendable (inout Queue) -> Queue.Actions) {
        eventLoop.scheduleTask(in: TimeAmount(delay)) { [weak self] in
            guard let self else { return }
            perform(state.withLock { event(&$0) })
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
        case .storageFailed(let error):
            logger.error(
                "The storage of the sending queue does not work. Senders are told to try again later until it does.",
                metadata: ["error": "\(error)"]
            )
        case .storageWorksAgain:
            logger.info("The storage of the sending queue works again.")
        case .lostInStorage(let spans):
            logger.error(
                "Batches that had been stored cannot be read any more. Dropping them.",
                metadata: ["dropped_items": .stringConvertible(spans)]
            )
        }
    }

    /// The last word: accepted and restored = sent + dropped + left in the storage.
    private func logTotals() {
        let counters = counters
        var metadata: Logger.Metadata = [
            "accepted_items": .stringConvertible(counters.acceptedSpans),
            "sent_items": .stringConvertible(counters.sentSpans),
        ]
        for cause in DropCause.allCases {
            metadata["dropped_\(cause.rawValue)"] = .stringConvertible(counters.dropped[cause] ?? 0)
        }
        if storage != nil {
            metadata["restored_items"] = .stringConvertible(counters.restoredSpans)
            metadata["left_in_storage"] = .stringConvertible(counters.queuedSpans)
        }
        context.logger.info("Exporter stopped.", metadata: metadata)
    }
}
