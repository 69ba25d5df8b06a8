extension ExporterCounters {
    private static let sent = MetricDescription(
        "otelcol_exporter_sent_spans",
        .counter,
        unit: "{spans}",
        labels: ["exporter"],
        "Number of spans successfully sent to destination."
    )
    private static let sendFailed = MetricDescription(
        "otelcol_exporter_send_failed_spans",
        .counter,
        unit: "{spans}",
        labels: ["exporter"],
        "Number of spans in failed attempts to send to destination."
    )
    private static let enqueueFailed = MetricDescription(
        "otelcol_exporter_enqueue_failed_spans",
        .counter,
        unit: "{spans}",
        labels: ["exporter"],
        "Number of spans failed to be added to the sending queue."
    )
    private static let size = MetricDescription(
        "otelcol_exporter_queue_size",
        .gauge,
        labels: ["exporter", "data_type"],
        "Current size of the retry queue, in units of its sizer."
    )
    private static let capacity = MetricDescription(
        "otelcol_exporter_queue_capacity",
        .gauge,
        labels: ["exporter", "data_type"],
        "Fixed capacity of the retry queue, in units of its sizer."
    )
    private static let inFlight = MetricDescription(
        "otelcol_exporter_in_flight_requests",
        .gauge,
        unit: "{requests}",
        labels: ["exporter"],
        "Number of requests that are being attempted now."
    )
    private static let accepted = MetricDescription(
        "steptrace_exporter_accepted_spans",
        .counter,
        unit: "{spans}",
        labels: ["exporter"],
        "Spans taken into the sending queue: sent, dropped and queued ones add up to them and those restored."
    )
    private static let restored = MetricDescription(
        "steptrace_exporter_restored_spans",
        .counter,
        unit: "{spans}",
        labels: ["exporter"],
        "Spans that an earlier process had left in the storage."
    )
    private static let droppedByCause = MetricDescription(
        "steptrace_exporter_dropped_spans",
        .counter,
        unit: "{spans}",
        labels: ["exporter", "cause"],
        "Spans that had been accepted and were given up, by cause."
    )
    private static let queued = MetricDescription(
        "steptrace_exporter_queued_spans",
        .gauge,
        unit: "{spans}",
        labels: ["exporter"],
        "Spans that wait, are in flight, or lie in the storage."
    )
    private static let requests = MetricDescription(
        "steptrace_exporter_requests",
        .counter,
        unit: "{requests}",
        labels: ["exporter"],
        "Requests sent to the backend, every attempt counted."
    )
    private static let retried = MetricDescription(
        "steptrace_exporter_retries",
        .counter,
        unit: "{requests}",
        labels: ["exporter"],
        "Attempts after the first of a request."
    )

    fileprivate static let sendSize = MetricDescription(
        "otelcol_exporter_queue_batch_send_size",
        .histogram,
        unit: "{units}",
        labels: ["exporter"],
        "Number of units in the batch."
    )
    fileprivate static let sendBytes = MetricDescription(
        "otelcol_exporter_queue_batch_send_size_bytes",
        .histogram,
        unit: "By",
        labels: ["exporter"],
        "Number of bytes in batch that was sent."
    )

    /// All metrics of exporters, for the documents.
    public static let descriptions = [
        sent, sendFailed, enqueueFailed, size, capacity, inFlight, sendSize, sendBytes, accepted, restored,
        droppedByCause, queued, requests,
        retried,
    ]

    /// The metrics of an exporter with a queue.
    public func write(to sink: inout MetricSink, exporter: String) {
        writeOutcome(to: &sink, exporter: exporter)
        sink.add(Self.size, queueSize, ["exporter": exporter, "data_type": "traces"])
        // Without a queue there is no limit but the number of senders.
        let capacity = queueCapacity == .max ? 0 : queueCapacity
        sink.add(Self.capacity, capacity, ["exporter": exporter, "data_type": "traces"])
        sink.add(Self.inFlight, inFlightRequests, ["exporter": exporter])
        sink.add(Self.accepted, acceptedSpans, ["exporter": exporter])
        sink.add(Self.restored, restoredSpans, ["exporter": exporter])
        for cause in DropCause.allCases {
            sink.add(Self.droppedByCause, dropped[cause] ?? 0, ["exporter": exporter, "cause": cause.rawValue])
        }
        sink.add(Self.queued, queuedSpans, ["exporter": exporter])
        sink.add(Self.requests, attempts, ["exporter": exporter])
        sink.add(Self.retried, retries, ["exporter": exporter])
    }

    /// What every exporter has.
    public func writeOutcome(to sink: inout MetricSink, exporter: String) {
        sink.add(Self.sent, sentSpans, ["exporter": exporter])
        sink.add(Self.sendFailed, droppedSpans, ["exporter": exporter])
        sink.add(Self.enqueueFailed, enqueueFailedSpans, ["exporter": exporter])
    }
}

extension SendSizes {
    /// The metrics of an exporter with a queue.
    func write(to sink: inout MetricSink, exporter: String) {
        sink.add(ExporterCounters.sendSize, spans.value, ["exporter": exporter])
        sink.add(ExporterCounters.sendBytes, bytes.value, ["exporter": exporter])
    }
}
