public import NIOCore
public import NIOHTTP1

/// A whole response.
public struct HTTPServerResponse: Sendable {
    public var status: HTTPResponseStatus { didSet { encodedHead = nil } }
    /// Date, Connection, Content-Length and Transfer-Encoding belong to the server: when given here they are left out.
    public var headers: HTTPHeaders { didSet { encodedHead = nil } }
    /// Not sent in answer to HEAD, nor with 204 and 304.
    public var body: ByteBuffer { didSet { encodedHead = nil } }
    /// Close the connection behind it.
    public var close: Bool
    /// The head as bytes, as far as it is always the same.
    private(set) var encodedHead: ByteBuffer?

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

    /// The same response with its head encoded: for one that is sent again and again.
    public var prepared: Self {
        var response = self
        response.encodedHead = HTTPResponseEncoder.encodedHead(of: self)
        return response
    }

    /// A response of one line of `text/plain`.
    public static func text(_ status: HTTPResponseStatus, _ text: String, close: Bool = false) -> Self {
        Self(
            status: status,
            headers: ["Content-Type": "text/plain; charset=utf-8"],
            body: ByteBuffer(string: text),
            close: close
        )
    }
}
