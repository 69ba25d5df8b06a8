import Collector

/// The `batch` processor: gathers batches and hands them on as one.
enum BatchProcessor {
    static let factory = ComponentFactory.processor(
        type: "batch",
        stability: "beta",
        BatchConfiguration.self
    ) { BatchingConsumer(merging: $0.merging, context: $1, next: $2) }
}
