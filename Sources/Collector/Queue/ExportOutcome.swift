/// How an attempt to send a request ended.
public enum ExportOutcome: Sendable, Equatable {
    case delivered
    /// An outage or overload that may pass. `retryAfter` is what the backend asked for, if it did.
    case retryable(String, retryAfter: Duration? = nil)
    /// The backend refused this body (HTTP 400, 413, 422). A part of it alone may pass.
    case rejected(String)
    /// Neither this body nor a part of it will pass (credentials, a wrong path, an answer that makes no sense).
    case permanent(String)

    /// The sentence for logs; empty when the request was delivered.
    public var message: String {
        switch self {
        case .delivered: ""
        case .retryable(let message, _), .rejected(let message), .permanent(let message): message
        }
    }
}
