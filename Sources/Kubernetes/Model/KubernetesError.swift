/// Why the API server did not do what was asked. The text says what, why and, where it is known, what to do.
public struct KubernetesError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Hashable {
        /// 401: the credentials are missing, wrong or out of date.
        case unauthorized
        /// 403: RBAC does not allow it.
        case forbidden
        /// 404: no such resource; for a custom resource, its definition is not installed.
        case notFound
        /// 410: the resource version or continue token is older than what the server remembers.
        case expired
        /// The server has not seen the asked-for resource version yet (or was restored from a backup).
        case resourceVersionTooLarge
        /// 429, see `retryAfter`.
        case tooManyRequests
        /// The answer or a watch event is longer than the limit.
        case tooLarge
        /// There was no connection: name resolution, refused, unreachable, TLS.
        case connect
        /// The connection was lost, or silent for too long.
        case transport
        /// An object in the server's store cannot be read, or was removed because of that; watches do not go on.
        case storageRead
        /// Any other answer that is not a success.
        case server(status: Int)
        /// The answer is not what the API promises.
        case decoding
    }

    public let kind: Kind
    public let message: String
    /// How long the server asks to be left alone.
    public let retryAfter: Duration?

    public init(_ kind: Kind, _ message: String, retryAfter: Duration? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfter = retryAfter
    }

    public var description: String { message }
}
