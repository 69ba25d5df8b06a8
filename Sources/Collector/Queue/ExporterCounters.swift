/// What became of an exporter's spans since it started, and its queue now. For self-telemetry.
public struct ExporterCounters: Sendable, Equatable {
    /// Taken into the queue.
    public var acceptedSpans = 0
    /// Refused because the queue was full or the exporter was stopping.
    public var enqueueFailedSpans = 0
    /// Delivered to the backend.
    public var sentSpans = 0
    /// Accepted, but dropped: refused by the backend for good, out of retries, or left at shutdown.
    public var failedSpans = 0
    /// Requests sent to the backend, attempts counted one by one.
    public var attempts = 0
    /// Waiting and in flight, in units of the queue's sizer.
    public var queueSize = 0
    /// The most that `queueSize` can become, in the same units.
    public var queueCapacity = 0

    public init() {}
}
