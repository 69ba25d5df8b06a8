import Collector
import Kubernetes
import Logging
import NIOCore
import OTLP
import ServiceLifecycle
import Synchronization
import Tekton

/// The processor `tekton_steps`: looks for TaskRuns in what passes by, follows them in the API server, and adds the spans
/// of their steps to the same traces.
///
/// No batch waits for the API server. What becomes due between batches is sent in a batch of its own after `max_hold`.
final class TektonStepsProcessor: TraceConsumer, Service {
    static let factory = ComponentFactory.processor(
        type: "tekton_steps",
        stability: "beta",
        TektonStepsConfiguration.self
    ) { try TektonStepsProcessor($0, context: $1, next: $2) }

    /// How often what waits is looked at. `max_hold` is kept to within this time.
    private static let tickInterval: Duration = .milliseconds(200)
    /// A batch of its own that was refused is tried again after this time.
    private static let refusalPause: Duration = .seconds(1)

    private let configuration: TektonStepsConfiguration
    private let context: ComponentContext
    private let next: any TraceConsumer
    private let scanner: SpanScanner
    /// Or why there are none: said when the processor is run. A service account is there in its pod only, and a
    /// configuration is to be checked elsewhere, too.
    private let watches: Result<TektonWatches, any Error>
    /// Nil when TaskRuns are not shared, or there is no API server to share them by.
    private let shards: ShardGroup?
    private let correlator: Mutex<Correlator>
    /// Whether spans are due, so that a batch without references needs no lock.
    private let hasDueSpans = Atomic<Bool>(false)
    private let ownBatches = Mutex(OwnBatches())
    private let items = ProcessorItems()
    private let started = ContinuousClock.now

    init(_ configuration: TektonStepsConfiguration, context: ComponentContext, next: any TraceConsumer) throws {
        self.configuration = configuration
        self.context = context
        self.next = next
        scanner = SpanScanner(
            taskRunKeys: configuration.taskRunAttributes,
            namespaceKeys: configuration.namespaceAttributes
        )
        do {
            watches = .success(try TektonWatches(configuration, context: context))
        } catch  where configuration.access.authType == .serviceAccount {
            watches = .failure(error)
        }
        var correlator = Correlator(options: configuration.correlator, awaitsWatches: true)
        if configuration.sharding.isEnabled, case .success(let watches) = watches {
            shards = ShardGroup(configuration.sharding, client: watches.client, context: context)
            correlator.share(.undecided, now: Moment(wall: .now, uptime: .zero))
        } else {
            shards = nil
        }
        self.correlator = Mutex(correlator)
        observe()
    }

    var checksWellFormedness: Bool { true }

    private func observe() {
        let processor = "\(context.id)"
        context.observe { [weak self] sink in
            guard let self else { return }
            items.write(to: &sink, processor: processor)
            let (figures, counters, durations) = correlator.withLock { ($0.figures, $0.counters, $0.durations) }
            TektonStepsMetrics.write(figures, counters, to: &sink, processor: processor)
            TektonStepsMetrics.write(durations, to: &sink, processor: processor)
            if let shards { TektonStepsMetrics.write(shards, figures, counters, to: &sink, processor: processor) }
        }
        context.metrics.inspections.add("taskrunz") { [weak self] request in self?.inspect(request) }
    }

    /// The TaskRuns, those that changed last first.
    private func inspect(_ request: InspectionRequest) -> [InspectionTable] {
        let now = now
        let changes = correlator.withLock { $0.lastChanges }.sorted { ($1.time, $0.uid) < ($0.time, $1.uid) }
        let page = changes.dropFirst(request.offset).prefix(request.limit)
        let summaries = correlator.withLock { correlator in page.compactMap { correlator.summary(of: $0.uid) } }
        let rows = summaries.map { summary in
            [
                summary.namespace, summary.name, summary.uid, summary.traceID.map { "\($0)" } ?? "",
                summary.isFollowed ? (summary.isOver ? "over" : "running") : "finished",
                summary.isSighted ? "yes" : "no", shards == nil ? "-" : summary.isOwned ? "yes" : "no",
                "\(summary.pods)", "\(summary.dueSpans)",
                "\(summary.spansUnderWay)",
                GoDuration.format(.seconds((now.uptime - summary.lastChange).components.seconds)),
            ]
        }
        return [
            InspectionTable(
                "TaskRuns of \(context.id)",
                columns: [
                    "Namespace", "TaskRun", "UID", "Trace", "State", "Seen in spans", "Own", "Pods", "Spans due",
                    "Spans under way", "Last change ago",
                ],
                rows: rows,
                total: changes.count
            )
        ] + (shards.map { [$0.inspection] } ?? [])
    }

    // MARK: - Batches

    func consume(_ batch: TraceBatch, _ completion: @escaping @Sendable (ConsumeResult) -> Void) {
        var batch = batch
        var scan = BatchScan(collectsTraces: hasDueSpans.load(ordering: .acquiring))
        let spanCount: Int
        do throws(OTLPDecodingError) {
            spanCount = try scanner.scan(batch.body.readableBytesSpan) { scan.see($0) }
        } catch {
            completion(.refused(ConsumeError(.malformed, "\(error)")))
            return
        }
        batch.spanCount = spanCount
        items.incoming(spanCount)
        let injection = scan.isEmpty ? nil : correlate(scan, in: batch.body)
        guard let injection, let encoded = encode(injection) else {
            items.outgoing(spanCount)
            next.consume(batch, completion)
            return
        }
        batch.body.writeBytes(encoded)
        batch.spanCount += injection.spans.count
        items.outgoing(batch.spanCount)
        next.consume(batch) { result in
            switch result {
            case .accepted:
                self.update { $0.confirm(injection) }
                completion(.accepted(spanCount: spanCount))
            case .refused:
                self.update { $0.giveBack(injection) }
                completion(result)
            }
        }
    }

    private func correlate(_ scan: BatchScan, in body: ByteBuffer) -> Injection? {
        let now = now
        let bytes = body.readableBytesView
        let start = bytes.startIndex
        let injection = update { correlator in
            for reference in scan.references {
                correlator.sighted(
                    namespace: bytes[
                        (start + reference.namespace.lowerBound)..<(start + reference.namespace.upperBound)
                    ],
                    taskRun: bytes[(start + reference.taskRun.lowerBound)..<(start + reference.taskRun.upperBound)],
                    traceID: reference.traceID,
                    now: now
                )
            }
            guard correlator.hasDueSpans else { return Injection.none }
            return correlator.take(from: scan.traceIDs + scan.references.map(\.traceID))
        }
        return injection.isEmpty ? nil : injection
    }

    /// Nil when the spans are too many for one message, which cannot be.
    private func encode(_ injection: Injection) -> [UInt8]? {
        do {
            return try injection.encoded(options: configuration.correlator.spans, version: BuildInfo.version)
        } catch {
            context.logger.error("added spans could not be encoded", metadata: ["error": "\(error)"])
            return nil
        }
    }

    // MARK: - Watches and time

    func run() async throws {
        let watches = try watches.get()
        context.report(.ok)
        await withTaskGroup { group in
            group.addTask {
                await watches.run { change in
                    self.update { change.apply(to: &$0, now: self.now) }
                } answered: {
                    self.update { $0.watchesAnswered(now: self.now) }
                }
            }
            group.addTask { await self.tick() }
            if let shards {
                group.addTask {
                    await shards.run {
                        watches.isFollowing
                    } changed: { sharding in
                        self.update { $0.share(sharding, now: self.now) }
                    }
                }
            }
            // Throws when the task is cancelled, which is the end too.
            try? await gracefulShutdown()
            group.cancelAll()
        }
        context.report(.stopping)
        await flush()
        await shards?.leave()
        context.report(.stopped)
    }

    private func tick() async {
        while true {
            do {
                try await Task.sleep(for: Self.tickInterval)
            } catch {
                return
            }
            let now = now
            update { $0.tick(now: now) }
            sendOverdue(now)
        }
    }

    /// Sends what has waited too long in batches of its own, one at a time. The clock goes on meanwhile.
    private func sendOverdue(_ now: Moment) {
        while ownBatches.withLock({ $0.begin(now: now.uptime) }) {
            let injection = update { $0.takeOverdue(now: now) }
            guard !injection.isEmpty else {
                ownBatches.withLock { $0.end() }
                return
            }
            send(injection) { isAccepted in
                let next = isAccepted ? Duration.zero : self.now.uptime + Self.refusalPause
                self.ownBatches.withLock { $0.end(next: next) }
            }
        }
    }

    /// Receivers have stopped: what is due now has no batch to ride on any more.
    private func flush() async {
        var isAccepted = true
        while isAccepted {
            let injection = update { $0.takeAny() }
            if injection.isEmpty { return }
            isAccepted = await withCheckedContinuation { continuation in
                send(injection) { continuation.resume(returning: $0) }
            }
        }
    }

    /// Sends spans in a batch of their own. When it is refused, the spans are due again.
    private func send(_ injection: Injection, _ completion: @escaping @Sendable (_ isAccepted: Bool) -> Void) {
        guard let encoded = encode(injection) else {
            update { $0.confirm(injection) }
            completion(true)
            return
        }
        let batch = TraceBatch(body: ByteBuffer(bytes: encoded), spanCount: injection.spans.count)
        items.outgoing(batch.spanCount)
        next.consume(batch) { result in
            switch result {
            case .accepted:
                self.update { $0.confirm(injection) }
                completion(true)
            case .refused(let error):
                self.update { $0.giveBack(injection) }
                self.context.logger.debug("added spans were refused", metadata: ["error": "\(error.message)"])
                completion(false)
            }
        }
    }

    private var now: Moment {
        Moment(wall: .now, uptime: ContinuousClock.now - started)
    }

    /// Changes the correlator, and keeps what is read without the lock in step.
    private func update<Result: Sendable>(_ body: (inout sending Correlator) -> sending Result) -> Result {
        correlator.withLock { correlator in
            let result = body(&correlator)
            hasDueSpans.store(correlator.hasDueSpans, ordering: .releasing)
            return result
        }
    }
}

/// What one pass over a batch found.
private struct BatchScan {
    struct Reference {
        let traceID: TraceID
        let taskRun: Range<Int>
        let namespace: Range<Int>
    }

    let collectsTraces: Bool
    private(set) var references: [Reference] = []
    /// Without repeats of the one before. Only collected when spans are due.
    private(set) var traceIDs: [TraceID] = []

    init(collectsTraces: Bool) {
        self.collectsTraces = collectsTraces
    }

    var isEmpty: Bool { references.isEmpty && traceIDs.isEmpty }

    mutating func see(_ span: ScannedSpan) {
        if collectsTraces, traceIDs.last != span.traceID { traceIDs.append(span.traceID) }
        if let taskRun = span.taskRun, let namespace = span.namespace, span.traceID.isValid {
            references.append(Reference(traceID: span.traceID, taskRun: taskRun, namespace: namespace))
        }
    }
}

/// Whether a batch of the processor's own may be sent: one at a time, and not right after a refusal.
private struct OwnBatches {
    private var isSending = false
    private var notBefore: Duration = .zero

    mutating func begin(now: Duration) -> Bool {
        guard !isSending, now >= notBefore else { return false }
        isSending = true
        return true
    }

    mutating func end(next: Duration = .zero) {
        isSending = false
        notBefore = next
    }
}
