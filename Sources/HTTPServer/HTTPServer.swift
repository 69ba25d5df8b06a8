public import NIOCore
public import NIOHTTP1

/// A request whose body has arrived in full.
public struct HTTPServerRequest: Sendable {
    public let method: HTTPMethod
    /// The path without query, as sent.
    public let path: String
    /// What stands behind the first `?`; empty when there is none.
    public let query: String
    public let headers: HTTPHeaders
    public var body: ByteBuffer
    public let eventLoop: any EventLoop
}

/// A whole response. Content-Length is set by the server.
public struct HTTPServerResponse: Sendable {
    public var status: HTTPResponseStatus
    public var headers: HTTPHeaders
    public var body: ByteBuffer
    /// Close the connection behind it.
    public var close: Bool

    public init(
        status: HTTPResponseStatus,
        headers: HTTPHeaders = [:],
        body: ByteBuffer = ByteBuffer(),
        close: Bool = false
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.close = close
    }
}

/// What to do with a request once its headers are read.
public enum HTTPHeadDecision: Sendable {
    /// Read the body, of at most so many bytes, and hand the request to `handle`.
    case read(maxBodyBytes: Int)
    /// Answer now; a body that may follow is discarded (or the connection closed, when it is long).
    case respond(HTTPServerResponse)
}

/// What a server does with requests. Called on event loops; must not block.
public protocol HTTPServerHandler: Sendable {
    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision
    /// The answer to a body that is longer than was allowed.
    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse
    /// `responder` is to be used exactly once, on any thread, now or later.
    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder)
}
