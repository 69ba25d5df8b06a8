public import NIOHTTP1

/// What to do with a request once its headers are read.
public enum HTTPHeadDecision: Sendable {
    /// Read the body, of at most so many bytes, and hand the request to `handle`, with what was found out from its head.
    case read(maxBodyBytes: Int, note: UInt8 = 0)
    /// Answer now. A short body that follows is discarded; when it is long, of unknown length, or held back for
    /// `100 Continue`, the connection is closed behind the response.
    case respond(HTTPServerResponse)
    /// The decision takes a while. What the client sends meanwhile waits.
    case later(@Sendable (HTTPHeadDecider) -> Void)
}

/// What a server does with requests. Called on event loops; must not block.
public protocol HTTPServerHandler: AnyObject, Sendable {
    /// Called once the head of a request is read, before its body.
    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision

    /// The answer to a body that is, or is announced to be, longer than was allowed. The connection is closed
    /// behind it, whatever `close` says.
    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse

    /// The answer to a request for whose body there is no memory at the moment, before or while it is read
    /// (`HTTPServerConfiguration.bodies`).
    func noRoomForBody(headers: HTTPHeaders) -> HTTPServerResponse

    /// The answer to what cannot be read as a request, or came too late; the connection is closed behind it.
    ///
    /// - Parameter headers: of the request, where they could be read.
    func protocolError(_ error: HTTPProtocolError, headers: HTTPHeaders?) -> HTTPServerResponse

    /// Headers for whatever response the request will have; nil for none. Called before `head`.
    func responseHeaders(method: HTTPMethod, headers: HTTPHeaders) -> HTTPHeaders?

    /// The answer to a request that came after the server began to refuse; the connection is closed behind it.
    func refusal(headers: HTTPHeaders) -> HTTPServerResponse

    /// `responder` is to be used exactly once, on any thread, now or later. The next request of the same connection
    /// is handed over only when this one is answered.
    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder)
}

extension HTTPServerHandler {
    public func protocolError(_ error: HTTPProtocolError, headers: HTTPHeaders?) -> HTTPServerResponse {
        .text(error.status, error.description + "\n")
    }

    public func responseHeaders(method: HTTPMethod, headers: HTTPHeaders) -> HTTPHeaders? { nil }

    public func refusal(headers: HTTPHeaders) -> HTTPServerResponse { .unavailable("shutting down") }

    public func noRoomForBody(headers: HTTPHeaders) -> HTTPServerResponse { .unavailable("out of memory for bodies") }
}

extension HTTPServerResponse {
    fileprivate static func unavailable(_ reason: String) -> HTTPServerResponse {
        var response = text(.serviceUnavailable, "503 service unavailable: \(reason)\n")
        response.headers.add(name: "Retry-After", value: "1")
        return response
    }
}
