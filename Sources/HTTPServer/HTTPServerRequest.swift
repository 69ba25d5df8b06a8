public import NIOCore
public import NIOHTTP1

/// A request whose body has arrived in full.
public struct HTTPServerRequest: Sendable {
    public let method: HTTPMethod
    /// The path without query, percent-encoded as sent. Of a request target in absolute form (RFC 9112, 3.2.2)
    /// only the path is kept.
    public let path: String
    /// What stands behind the first `?`, as sent; empty when there is none.
    public let query: String
    public let headers: HTTPHeaders
    public var body: ByteBuffer
    /// What the handler said of the head.
    public let note: UInt8
    /// The event loop of the connection.
    public let eventLoop: any EventLoop

    /// All but the body.
    struct Head {
        let method: HTTPMethod
        let path: String
        let query: String
        let headers: HTTPHeaders
        let note: UInt8
    }

    init(_ head: Head, body: ByteBuffer, eventLoop: any EventLoop) {
        self.init(
            method: head.method,
            path: head.path,
            query: head.query,
            headers: head.headers,
            body: body,
            note: head.note,
            eventLoop: eventLoop
        )
    }

    public init(
        method: HTTPMethod,
        path: String,
        query: String = "",
        headers: HTTPHeaders = [:],
        body: ByteBuffer = ByteBuffer(),
        note: UInt8 = 0,
        eventLoop: any EventLoop
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.note = note
        self.eventLoop = eventLoop
    }
}
