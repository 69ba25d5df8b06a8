import Collector
import Synchronization

/// Counts the spans that a processor is handed and hands on.
final class ProcessorItems: Sendable {
    private let incomingSpans = Atomic(0)
    private let outgoingSpans = Atomic(0)

    func incoming(_ spans: Int) { incomingSpans.add(spans, ordering: .relaxed) }

    func outgoing(_ spans: Int) { outgoingSpans.add(spans, ordering: .relaxed) }

    /// Spans that go on as they came.
    func passed(_ spans: Int) {
        incoming(spans)
        outgoing(spans)
    }

    static let descriptions = [incomingItems, outgoingItems]

    private static let incomingItems = MetricDescription(
        "otelcol_processor_incoming_items",
        .counter,
        unit: "{items}",
        labels: ["processor", "otel_signal"],
        "Number of items passed to the processor."
    )
    private static let outgoingItems = MetricDescription(
        "otelcol_processor_outgoing_items",
        .counter,
        unit: "{items}",
        labels: ["processor", "otel_signal"],
        "Number of items emitted from the processor."
    )

    func write(to sink: inout MetricSink, processor: String) {
        let labels: KeyValuePairs = ["processor": processor, "otel.signal": "traces"]
        sink.add(Self.incomingItems, incomingSpans.load(ordering: .relaxed), labels)
        sink.add(Self.outgoingItems, outgoingSpans.load(ordering: .relaxed), labels)
    }
}
