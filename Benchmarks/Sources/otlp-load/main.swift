import BenchmarkSupport

runTool {
    let arguments = try Arguments(CommandLine.arguments.dropFirst())
    let port = try arguments.number("port")
    let spansPerRequest = try arguments.number("spans-per-request")
    let requestCount = try arguments.number("spans") / max(spansPerRequest, 1)
    let generator = LoadGenerator(
        port: port,
        connectionCount: try arguments.number("connections"),
        requestCount: requestCount,
        pool: RequestPool(
            port: port,
            path: arguments.optionalString("path") ?? "/v1/traces",
            count: 256,
            spansPerRequest: spansPerRequest,
            taskRuns: try arguments.optionalString("task-runs").map(KnownTaskRun.read) ?? [],
            seed: UInt64(try arguments.number("seed", default: 1))
        )
    )
    let outcome = try generator.run()
    let latencies = outcome.latencies.sorted()
    func microseconds(_ percentile: Double) -> Int {
        latencies[min(Int(Double(latencies.count) * percentile / 100), latencies.count - 1)] / 1000
    }
    print(
        """
        {"spans": \(requestCount * spansPerRequest), "requests": \(requestCount), "refused": \(outcome.refused), \
        "started_ns": \(outcome.started), "ended_ns": \(outcome.ended), "p50_us": \(microseconds(50)), \
        "p99_us": \(microseconds(99)), "p999_us": \(microseconds(99.9)), "max_us": \(microseconds(100))}
        """
    )
}
