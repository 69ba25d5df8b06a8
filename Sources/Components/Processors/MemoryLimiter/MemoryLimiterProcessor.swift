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
        if let refusal {
            // Nobody may have counted the spans yet.
            let spans =
                batch.spanCount > 0 ? batch.spanCount : (try? scanner.scan(batch.body.readableBytesSpan) { _ in })
            refusedSpans.add(spans ?? 0, ordering: .relaxed)
            items.incoming(spans ?? 0)
            return completion(.refused(refusal))
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

    func run() async throws {
        check()
        context.report(.ok)
        await context.poll(every: configuration.checkInterval) { [self] in check() }
        // What is behind drains now; nothing new comes in.
        context.report(.stopped)
    }

    /// Looks at the memory once.
    func check() {
        guard var used = memory() else { return }
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
