import Synchronization

/// What became of a receiver's requests and their spans since it started. For self-telemetry.
public struct ReceiverCounters: Sendable, Equatable {
    /// Spans that the pipeline has taken.
    public var acceptedSpans = 0
    /// Requests that were answered with success, those without spans included.
    public var acceptedRequests = 0
    /// Requests that the pipeline refused, for now or for good.
    public var refusedRequests = 0
    /// Requests that were no valid OTLP/HTTP.
    public var failedRequests = 0
}

/// Counts on event loops.
final class AtomicReceiverCounters: Sendable {
    private let acceptedSpans = Atomic(0)
    private let acceptedRequests = Atomic(0)
    private let refusedRequests = Atomic(0)
    private let failedRequests = Atomic(0)

    func accepted(spans: Int) {
        acceptedSpans.add(spans, ordering: .relaxed)
        acceptedRequests.add(1, ordering: .relaxed)
    }

    func refused() { refusedRequests.add(1, ordering: .relaxed) }

    func failed() { failedRequests.add(1, ordering: .relaxed) }

    var snapshot: ReceiverCounters {
        ReceiverCounters(
            acceptedSpans: acceptedSpans.load(ordering: .relaxed),
            acceptedRequests: acceptedRequests.load(ordering: .relaxed),
            refusedRequests: refusedRequests.load(ordering: .relaxed),
            failedRequests: failedRequests.load(ordering: .relaxed)
        )
    }
}
