import CMalloc
import Collector
import Glibc
import HTTPServer

/// What the process uses, as the Collector tells it of itself.
struct ProcessMetrics: Sendable {
    private let started = ContinuousClock.now

    static let descriptions = [uptime, cpu, memory, heap, heapSystem, bodies, bodiesLimit]

    private static let uptime = MetricDescription(
        "otelcol_process_uptime",
        .counter,
        unit: "s",
        "Uptime of the process."
    )
    private static let cpu = MetricDescription(
        "otelcol_process_cpu_seconds",
        .counter,
        unit: "s",
        "Total CPU user and system time in seconds."
    )
    private static let memory = MetricDescription(
        "otelcol_process_memory_rss",
        .gauge,
        unit: "By",
        "Total physical memory (resident set size)."
    )
    private static let heap = MetricDescription(
        "otelcol_process_runtime_heap_alloc_bytes",
        .gauge,
        unit: "By",
        "Bytes that malloc has handed out and not taken back."
    )
    private static let heapSystem = MetricDescription(
        "otelcol_process_runtime_total_sys_memory_bytes",
        .gauge,
        unit: "By",
        "Bytes that malloc has from the system."
    )

    private static let bodies = MetricDescription(
        "steptrace_request_bodies_bytes",
        .gauge,
        unit: "By",
        "What the bodies of requests have in memory that are being read or not answered yet."
    )
    private static let bodiesLimit = MetricDescription(
        "steptrace_request_bodies_limit_bytes",
        .gauge,
        unit: "By",
        "What they may have together; the nearer they come, the less another one may have."
    )

    func write(to sink: inout MetricSink) {
        sink.add(Self.uptime, (ContinuousClock.now - started) / .seconds(1))
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            sink.add(Self.cpu, usage.ru_utime.seconds + usage.ru_stime.seconds)
        }
        if let resident = SystemMemory().resident() { sink.add(Self.memory, resident) }
        let info = steptrace_mallinfo2()
        sink.add(Self.heap, Int(info.uordblks + info.hblkhd))
        sink.add(Self.heapSystem, Int(info.arena + info.hblkhd))
        sink.add(Self.bodies, BodyBudget.shared.held)
        sink.add(Self.bodiesLimit, BodyBudget.shared.limit)
    }
}

extension timeval {
    fileprivate var seconds: Double { Double(tv_sec) + Double(tv_usec) / 1_000_000 }
}
