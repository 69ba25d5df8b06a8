public import NIOSSL

/// How a server listens, and what it bears from its clients. A duration of zero switches a timeout off.
public struct HTTPServerConfiguration: Sendable {
    public var endpoint: HTTPEndpoint

    /// Request line and headers together; more is answered with 431.
    public var maxHeaderBytes = 64 * 1024

    /// How long a connection may stay open between two requests, and how long one may make no progress in sending a
    /// body or in taking its response.
    public var idleTimeout: Duration = .seconds(60)

    /// From a request's first byte (for the first request: from the connection's opening) to the end of its headers.
    public var readHeaderTimeout: Duration = .seconds(60)

    /// From the end of the headers to the end of the body.
    public var readTimeout: Duration = .zero

    /// From the end of a request to the end of its response: then the connection is closed, answered or not.
    public var writeTimeout: Duration = .zero

    /// Asked for every connection; without it there is no TLS.
    public var tlsContext: (@Sendable () -> NIOSSLContext)?

    /// Whose listeners these are in the pool, such as `receiver:otlp`; nil: the server has a socket of its own.
    public var listenerOwner: String?

    /// Whether this server is about to be replaced: another owner may have its listener already.
    public var isLeaving: @Sendable () -> Bool = { false }

    /// Connections open at once. For one more, the one is closed that has been idle the longest, or else sending a body
    /// the longest; while all are being served, others wait in the system's backlog.
    public var maxConnections = 256

    /// What the bodies of requests may have in memory together; nil for no bound.
    public var bodies: BodyBudget?

    /// How many connections the system keeps that are not accepted yet.
    public var backlog: Int32 = 1024

    public init(endpoint: HTTPEndpoint) {
        self.endpoint = endpoint
    }
}
