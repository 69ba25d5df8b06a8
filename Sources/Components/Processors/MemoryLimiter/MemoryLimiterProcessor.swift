import CMalloc
import Collector
import Logging
import NIOCore
import OTLP
import ServiceLifecycle
import Synchronization

/// The `memory_limiter` processor: refuses batches while the process has more memory than it should. Senders are told
/// to come again (503 with Retry-After).
final class MemoryLimiterProcessor: Service, TraceConsumer {
    private let configuration: MemoryLimiterConfiguration
    private let context: ComponentContext
    private let next: any TraceConsumer
    private let memory: @Sendable () -> Int?
    private let trim: @Sendable () -> Void
    private let state: Mutex<MemoryLimiterState>
    /// What consumers look at.
    private let isRefusing = Atomic(false)
    /// How many bytes of bodies may still come before the memory is looked at again, whatever the time.
    private let bytesUntilLook = Atomic(0)
    private let isLooking = Atomic(false)
    private let softLimit: Int
    private let acceptedSpans = Atomic(0)
    private let refusedSpans = Atomic(0)
    private let items = ProcessorItems()
    private let scanner = SpanScanner(taskRunKeys: [], namespaceKeys: [])
    private let retryAfter: Duration

    static let factory = ComponentFactory.processor(
        type: "memory_limiter",
        stability: "beta",
        MemoryLimiterConfiguration.self
    ) { configuration, context, next in
        guard let total = SystemMemory().total() else {
            throw ConfigError(path: "", position: nil, message: "cannot learn how much memory there is: use limit_mib")
        }
        return MemoryLimiterProcessor(configuration, total: total, context: context, next: next)
    }

    /// - Parameters:
    ///   - total: bytes, for percentages.
    ///   - memory: bytes in use; nil when that cannot be learnt.
    ///   - trim: gives back to the system what is free.
    init(
        _ configuration: MemoryLimiterConfiguration,
        total: Int,
        context: ComponentContext,
        next: any TraceConsumer,
        memory: @escaping @Sendable () -> Int? = { SystemMemory().used() },
        trim: @escaping @Sendable () -> Void = { malloc_trim(0) }
    ) {
        self.configuration = configuration
        self.context = context
        self.next = next
        self.memory = memory
        self.trim = trim
        let limits = configuration.limits(total: total)
        softLimit = limits.soft
        state = Mutex(MemoryLimiterState(limits: limits, configuration))
        retryAfter = max(.seconds(1), configuration.checkInterval)
        context.logger.info(
            "Memory limiter configured",
            metadata: [
                "limit_mib": .stringConvertible(limits.hard >> 20),
                "spike_limit_mib": .stringConvertible((limits.hard - limits.soft) >> 20),
                "check_interval": "\(GoDuration.format(configuration.checkInterval))",
            ]
        )
        let name = "\(context.id)"
        context.observe { [weak self] sink in
            guard let self else { return }
            sink.add(.memoryLimiterAccepted, acceptedSpans.load(ordering: .relaxed), ["processor": name])
            sink.add(.memoryLimiterRefused, refusedSpans.load(ordering: .relaxed), ["processor": name])
            items.write(to: &sink, processor: name)
        }
    }

    var checksWellFormedness: Bool { next.checksWellFormedness }

    var overload: ConsumeError? { refusal ?? next.overload }

    private var refusal: ConsumeError? {
        guard isRefusing.load(ordering: .relaxed) else { return nil }
        return ConsumeError(.unavailable, "data refused due to high memory usage", retryAfter: retryAfter)
    }

    func consume(_ batch: TraceBatch, _ completion: @escaping @Sendable (ConsumeResult) -> Void) {
        if let refusal { return refuse(batch, refusal, completion) }
        // A burst between two looks would be seen only when its memory is long taken.
        if bytesUntilLook.subtract(batch.body.readableBytes, ordering: .relaxed).newValue < 0 {
            check()
            if let refusal { return refuse(batch, refusal, completion) }
        }
        next.consume(batch) { [self] result in
            switch result {
            case .accepted(let spans):
                acceptedSpans.add(spans, ordering: .relaxed)
                items.passed(spans)
            case .refused:
                // Seldom, so that counting them is no matter.
                items.passed((try? scanner.scan(batch.body.readableBytesSpan) { _ in }) ?? 0)
            }
            completion(result)
        }
    }

    private func refuse(
        _ batch: TraceBatch,
        _ refusal: ConsumeError,
        _ completion: @escaping @Sendable (ConsumeResult) -> Void
    ) {
        // Nobody may have counted the spans yet.
        let spans = batch.spanCount > 0 ? batch.spanCount : (try? scanner.scan(batch.body.readableBytesSpan) { _ in })
        refusedSpans.add(spans ?? 0, ordering: .relaxed)
        items.incoming(spans ?? 0)
        completion(.refused(refusal))
    }

    func run() async throws {
        check()
        context.report(.ok)
        await context.poll(every: configuration.checkInterval) { [self] in check() }
        // What is behind drains now; nothing new comes in.
        context.report(.stopped)
    }

    /// Looks at the memory once: every `check_interval`, and when half of what was free at the last look may be taken.
    func check() {
        guard isLooking.compareExchange(expected: false, desired: true, ordering: .acquiring).exchanged else { return }
        defer { isLooking.store(false, ordering: .releasing) }
        guard var used = memory() else { return bytesUntilLook.store(1 << 20, ordering: .relaxed) }
        if state.withLock({ $0.shouldTrim(used: used, now: .now) }) {
            let before = used
            trim()
            used = memory() ?? used
            state.withLock { [used] in $0.trimmed(before: before, after: used, now: .now) }
            context.logger.debug(
                "Gave memory back to the system.",
                metadata: [
                    "before_mib": .stringConvertible(before >> 20), "cur_mem_mib": .stringConvertible(used >> 20),
                ]
            )
        }
        // No more often than every megabyte: a look reads a file of /proc.
        bytesUntilLook.store(max(1 << 20, (softLimit - used) / 2), ordering: .relaxed)
        let note = state.withLock { [used] in $0.update(used: used) }
        let metadata: Logger.Metadata = ["cur_mem_mib": .stringConvertible(used >> 20)]
        switch note {
        case .refusing:
            isRefusing.store(true, ordering: .relaxed)
            context.logger.warning("Memory usage is above soft limit. Refusing data.", metadata: metadata)
        case .resumed:
            isRefusing.store(false, ordering: .relaxed)
            context.logger.info(
                "Memory usage back within limits. Resuming normal operation.",
                metadata: metadata
            )
        case nil: break
        }
    }
}

extension MetricDescription {
    static let memoryLimiterAccepted = MetricDescription(
        "otelcol_processor_memory_limiter_accepted_spans",
        .counter,
        unit: "{spans}",
        labels: ["processor"],
        "Spans that the next component in the pipeline has taken."
    )
    static let memoryLimiterRefused = MetricDescription(
        "otelcol_processor_memory_limiter_refused_spans",
        .counter,
        unit: "{spans}",
        labels: ["processor"],
        "Spans that were refused because the memory was above the soft limit."
    )
}
