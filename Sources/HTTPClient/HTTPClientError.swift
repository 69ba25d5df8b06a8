/// Why there is no answer. The text is libcurl's, with what was being reached.
public struct HTTPClientError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// The URL cannot be used.
        case invalidURL
        /// Name resolution, refused or unreachable.
        case connect
        /// The other side's certificate, or ours, is not accepted.
        case tls
        case timeout
        /// The connection ended before the answer was complete.
        case disconnected
        /// What has come has this status. Headers that do not end are `other`: without their end there is no answer.
        case responseTooLarge(status: Int)
        /// The client has been shut down, or the task cancelled.
        case cancelled
        case other
    }

    public let kind: Kind
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
