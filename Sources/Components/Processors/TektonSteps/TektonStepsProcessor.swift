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
    /// How many TaskRuns are looked at while batches wait for the lock: a few milliseconds' worth.
    private static let tickLimit = 100
    /// A batch of its own that was refused is tried again after this time.
    private static let refusalPause: Duration = .seconds(1)

    private let configuration: TektonStepsConfiguration
    private let context: ComponentContext
    private let next: any TraceConsumer
    private let scanner: SpanScanner
    private let follower: TektonFollower
    /// In whose place this one comes, with other watches; until it runs.
    private let previous = Mutex<TektonFollower?>(nil)
    private let ownBatches = Mutex(OwnBatches())
    private let items = ProcessorItems()

    init(_ configuration: TektonStepsConfiguration, context: ComponentContext, next: any TraceConsumer) throws {
        self.configuration = configuration
        self.context = context
        self.next = next
        scanner = SpanScanner(
            taskRunKeys: configuration.taskRunAttributes,
            namespaceKeys: configuration.namespaceAttributes
        )
        let old = context.predecessor as? TektonStepsProcessor
        if let old, old.configuration.hasWatches(of: configuration) {
            follower = old.follower
        } else {
            follower = try TektonFollower(configuration, context: context)
            if let old, old.configuration.access == configuration.access { previous.withLock { $0 = old.follower } }
        }
        observe()
    }

    var checksWellFormedness: Bool { true }

    var overload: ConsumeError? { next.overload }

    private func observe() {
        // The Collector's metrics are by id, whatever the pipeline.
        let (id, processor) = ("\(context.id)", context.name)
        context.observe { [weak self] sink in
            guard let self else { return }
            items.write(to: &sink, processor: id)
            guard follower.isTeller(ObjectIdentifier(self)) else { return }
            let options = configuration.correlator.durations
            let (figures, counters, durations) = follower.withLock {
                ($0.figures, $0.counters, $0.durations(options))
            }
            TektonStepsMetrics.write(figures, counters, to: &sink, processor: processor)
            if let durations { TektonStepsMetrics.write(durations, to: &sink, processor: processor) }
            if let shards = follower.shards {
                TektonStepsMetrics.write(shards, figures, counters, to: &sink, processor: processor)
            }
        }
        context.inspect("taskrunz") { [weak self] request in self?.inspect(request) }
    }

    /// The TaskRuns, those that changed last first.
    private func inspect(_ request: InspectionRequest) -> [InspectionTable]? {
        guard follower.isTeller(ObjectIdentifier(self)) else { return nil }
        let now = now
        let changes = follower.withLock { $0.lastChanges }.sorted { ($1.time, $0.uid) < ($0.time, $1.uid) }
        let page = changes.dropFirst(request.offset).prefix(request.limit)
        let summaries = follower.withLock { correlator in page.compactMap { correlator.summary(of: $0.uid) } }
        let rows = summaries.map { summary in
            [
                summary.namespace, summary.name, summary.uid, summary.traceID.map { "\($0)" } ?? "",
                summary.isFollowed ? (summary.isOver ? "over" : "running") : "finished",
                summary.isSighted ? "yes" : "no", follower.shards == nil ? "-" : summary.isOwned ? "yes" : "no",
                "\(summary.pods)", "\(summary.dueSpans)",
                "\(summary.spansUnderWay)",
                GoDuration.format(.seconds((now.uptime - summary.lastChange).components.seconds)),
            ]
        }
        return [
            InspectionTable(
                "TaskRuns of \(context.name)",
                columns: [
                    "Namespace", "TaskRun", "UID", "Trace", "State", "Seen in spans", "Own", "Pods", "Spans due",
                    "Spans under way", "Last change ago",
                ],
                rows: rows,
                total: changes.count
            )
        ] + (follower.shards.map { [$0.inspection] } ?? [])
    }

    // MARK: - Batches

    func consume(_ batch: TraceBatch, _ completion: @escaping @Sendable (ConsumeResult) -> Void) {
        var batch = batch
        var scan = BatchScan(collectsTraces: follower.hasDueSpans)
        let spanCount: Int
        do throws(OTLPDecodingError) {
            spanCount = try scanner.scan(batch.body.readableBytesSpan) { scan.see($0) }
        } catch {
            completion(.refused(ConsumeError(.malformed, "\(error)")))
            return
        }
        batch.spanCount = spanCount
        // As a receiver answers a request without spans. On their way such bodies would be bounded by nothing that counts
        // spans.
        guard spanCount > 0 else { return completion(.accepted(spanCount: 0)) }
        items.incoming(spanCount)
        let injection = scan.isEmpty ? nil : correlate(scan, in: batch.body)
        guard let injection, let encoded = encode(injection) else {
            // What cannot be encoded now never can.
            if let injection { update { $0.confirm(injection) } }
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
        let id = ObjectIdentifier(self)
        try follower.enter(
            TektonFollower.User(id: id, options: configuration.correlator, report: context.report)
        )
        if let previous = previous.withLock({ $0.take() }) {
            // The end does not wait for it.
            await cancelWhenGracefulShutdown { await self.follower.succeed(previous) }
        }
        follower.reportStatus(to: id)
        await withTaskGroup { group in
            group.addTask { await self.tick() }
            // Throws when the task is cancelled, which is the end too.
            try? await gracefulShutdown()
            group.cancelAll()
        }
        context.report(.stopping)
        if await follower.leave(id) {
            await flush()
            follower.handOver()
            await follower.shards?.leave()
        }
        context.report(.stopped)
    }

    private func tick() async {
        var freeMemory = FreeMemory()
        while true {
            do {
                try await Task.sleep(for: Self.tickInterval)
            } catch {
                return
            }
            let now = now
            while update({ $0.tick(now: now, limit: Self.tickLimit) }) { await Task.yield() }
            sendOverdue(now)
            freeMemory.tick(now: now.uptime)
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

    private var now: Moment { follower.now }

    private func update<Result: Sendable>(_ body: (inout sending Correlator) -> sending Result) -> Result {
        follower.update(body)
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
