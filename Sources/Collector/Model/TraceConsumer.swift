/// Takes batches: a processor, or an exporter with its queue.
public protocol TraceConsumer: AnyObject, Sendable {
    /// True when `consume` itself refuses a body that is no well-formed request (`.malformed`) and sets the batch's
    /// span count. A receiver in front of a consumer that does not has to scan the body before.
    var checksWellFormedness: Bool { get }

    /// Why every batch is refused at the moment; nil when they are looked at. A receiver asks before it reads a large
    /// body: only to have it refused would need the more memory.
    var overload: ConsumeError? { get }

    /// Takes a batch and calls `completion` exactly once, on any thread, possibly before it returns.
    ///
    /// Called on an event loop: it must not block. `accepted` means that the batch need not be sent again.
    func consume(_ batch: TraceBatch, _ completion: @escaping @Sendable (ConsumeResult) -> Void)
}

extension TraceConsumer {
    public var checksWellFormedness: Bool { false }

    public var overload: ConsumeError? { nil }
}

/// What became of a batch.
public enum ConsumeResult: Sendable {
    /// It is the consumer's now; `spanCount` is the number of spans that came in with it.
    case accepted(spanCount: Int)
    case refused(ConsumeError)
}

/// Why a batch was not accepted, in the terms a sender needs: can it be sent again, and when.
public struct ConsumeError: Error, Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// The bytes are no ExportTraceServiceRequest: HTTP 400, never to be sent again.
        case malformed
        /// Overload or an outage that may pass: HTTP 503.
        case unavailable
        /// The backend will never take it: HTTP 500.
        case permanent
    }

    public let kind: Kind
    public let message: String
    /// When to send again, where that is known.
    public let retryAfter: Duration?

    public init(_ kind: Kind, _ message: String, retryAfter: Duration? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfter = retryAfter
    }
}
