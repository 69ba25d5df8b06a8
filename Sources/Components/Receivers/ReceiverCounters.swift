import Collector
import NIOCore
import OTLP
import Synchronization

/// What became of a receiver's requests and their spans since it started. For self-telemetry.
public struct ReceiverCounters: Sendable, Equatable {
    /// Spans that the pipeline has taken.
    public var acceptedSpans = 0
    /// Spans that the pipeline has refused.
    public var refusedSpans = 0
    /// Requests that were answered with success, those without spans included.
    public var acceptedRequests = 0
    /// Requests that the pipeline refused, for now or for good.
    public var refusedRequests = 0
    /// Requests that were no valid OTLP/HTTP.
    public var failedRequests = 0
    /// Of the refused requests, those that were not read to the end.
    public var unreadRequests: [UnreadCause: Int] = [:]
}

/// Counts on event loops.
final class AtomicReceiverCounters: Sendable {
    private let acceptedSpans = Atomic(0)
    private let refusedSpans = Atomic(0)
    private let acceptedRequests = Atomic(0)
    private let refusedRequests = Atomic(0)
    private let failedRequests = Atomic(0)
    private let unreadForMemory = Atomic(0)
    private let unreadForOverload = Atomic(0)

    func accepted(spans: Int) {
        acceptedSpans.add(spans, ordering: .relaxed)
        acceptedRequests.add(1, ordering: .relaxed)
    }

    /// Counts the spans of the body; for bodies that the pipeline refused to take.
    func refused(_ batch: TraceBatch) {
        let spans = (try? Self.scanner.scan(batch.body.readableBytesSpan) { _ in }) ?? 0
        refusedSpans.add(spans, ordering: .relaxed)
        refusedRequests.add(1, ordering: .relaxed)
    }

    private static let scanner = SpanScanner(taskRunKeys: [], namespaceKeys: [])

    func failed() { failedRequests.add(1, ordering: .relaxed) }

    func refusedUnread(_ cause: UnreadCause) {
        refusedRequests.add(1, ordering: .relaxed)
        switch cause {
        case .memory: unreadForMemory.add(1, ordering: .relaxed)
        case .overload: unreadForOverload.add(1, ordering: .relaxed)
        }
    }

    var snapshot: ReceiverCounters {
        ReceiverCounters(
            acceptedSpans: acceptedSpans.load(ordering: .relaxed),
            refusedSpans: refusedSpans.load(ordering: .relaxed),
            acceptedRequests: acceptedRequests.load(ordering: .relaxed),
            refusedRequests: refusedRequests.load(ordering: .relaxed),
            failedRequests: failedRequests.load(ordering: .relaxed),
            unreadRequests: [
                .memory: unreadForMemory.load(ordering: .relaxed),
                .overload: unreadForOverload.load(ordering: .relaxed),
            ]
        )
    }
}

extension ReceiverCounters {
    private static let accepted = MetricDescription(
        "otelcol_receiver_accepted_spans",
        .counter,
        unit: "{spans}",
        labels: ["receiver", "transport"],
        "Number of spans successfully pushed into the pipeline."
    )
    private static let refused = MetricDescription(
        "otelcol_receiver_refused_spans",
        .counter,
        unit: "{spans}",
        labels: ["receiver", "transport"],
        "Number of spans that could not be pushed into the pipeline."
    )
    private static let failed = MetricDescription(
        "otelcol_receiver_failed_spans",
        .counter,
        unit: "{spans}",
        labels: ["receiver", "transport"],
        "Number of spans that failed to be processed by the receiver due to internal errors."
    )
    private static let requests = MetricDescription(
        "otelcol_receiver_requests",
        .counter,
        unit: "{requests}",
        labels: ["receiver", "transport", "outcome"],
        "Number of requests performed, by outcome."
    )

    private static let unread = MetricDescription(
        "steptrace_receiver_unread_requests",
        .counter,
        unit: "{requests}",
        labels: ["receiver", "transport", "cause"],
        "Refused requests whose bodies were not read to the end: memory (too much of it is taken by the bodies of all "
            + "requests), overload (the memory_limiter refuses everything)."
    )

    static let descriptions = [accepted, refused, failed, requests, unread]

    /// - Parameter transport: `http` or `grpc`.
    func write(to sink: inout MetricSink, receiver: String, transport: String) {
        sink.add(Self.accepted, acceptedSpans, ["receiver": receiver, "transport": transport])
        sink.add(Self.refused, refusedSpans, ["receiver": receiver, "transport": transport])
        // Spans of a request that cannot be read cannot be counted.
        sink.add(Self.failed, 0, ["receiver": receiver, "transport": transport])
        for (outcome, count) in [
            ("success", acceptedRequests), ("refused", refusedRequests), ("failure", failedRequests),
        ] {
            sink.add(Self.requests, count, ["receiver": receiver, "transport": transport, "outcome": outcome])
        }
        for cause in UnreadCause.allCases {
            let count = unreadRequests[cause] ?? 0
            sink.add(Self.unread, count, ["receiver": receiver, "transport": transport, "cause": cause.rawValue])
        }
    }
}
