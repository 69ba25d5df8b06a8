/// Sends batches to a backend: what an exporter is beneath its queue and retries.
public protocol BatchSender: AnyObject, Sendable {
    /// Sends the batches as one request (their bodies in a row are one) and calls `completion` exactly once, on any
    /// thread. Must not block. Never retries.
    func send(_ batches: [TraceBatch], _ completion: @escaping @Sendable (ExportOutcome) -> Void)

    /// Nothing is sent after this; requests under way may be cut off, their completions are still called.
    func shutdown() async
}
