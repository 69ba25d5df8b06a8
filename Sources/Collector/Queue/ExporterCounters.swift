/// What became of an exporter's spans since it started, and its queue now.
///
/// At any moment `acceptedSpans + restoredSpans == sentSpans + droppedSpans + queuedSpans`.
public struct ExporterCounters: Sendable, Equatable {
    /// Taken into the queue.
    public var acceptedSpans = 0
    /// Left in the storage by an earlier process.
    public var restoredSpans = 0
    /// Refused: the queue was full, the exporter was stopping, or the storage could not be written.
    public var enqueueFailedSpans = 0
    /// Delivered to the backend.
    public var sentSpans = 0
    /// Accepted or restored, but given up.
    public var dropped: [DropCause: Int] = [:]
    /// Waiting, in flight, or left in the storage.
    public var queuedSpans = 0
    /// Requests sent to the backend, attempts counted one by one.
    public var attempts = 0
    /// Attempts after the first of a request.
    public var retries = 0
    /// Requests that are being attempted now.
    public var inFlightRequests = 0
    /// Requests that were sent since enough had gathered.
    public var sizeTriggers = 0
    /// Requests that were sent since batches had waited long enough.
    public var timeoutTriggers = 0
    /// Waiting and in flight, in memory or stored, in units of the queue's sizer.
    public var queueSize = 0
    /// The most that `queueSize` can become, in the same units.
    public var queueCapacity = 0

    public init() {}

    /// Given up for whatever cause.
    public var droppedSpans: Int { dropped.values.reduce(0, +) }

    mutating func drop(_ spans: Int, _ cause: DropCause) {
        dropped[cause, default: 0] += spans
        queuedSpans -= spans
    }
}
