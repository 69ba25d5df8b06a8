internal import HTTPServer
internal import NIOCore
internal import NIOHTTP1

/// What is done about one request.
enum APIAnswer: Sendable {
    case whole(HTTPServerResponse)
    /// A body in pieces.
    case pieces(HTTPServerResponse, size: Int, isCut: Bool)
    /// The output of a watch.
    case watch(id: UInt64, AsyncStream<WatchOutput>, pieceSize: Int?, timeoutSeconds: Int?)
    /// None, and the connection stays open.
    case silence
    /// These bytes as they are, then the connection is closed.
    case brokenOff([UInt8])

    /// The beginning of an answer whose body never comes to its end: of a chunk of it.
    static func brokenOff(inChunk body: some Collection<UInt8>, promising length: Int) -> Self {
        .brokenOff(head + Array((String(length, radix: 16) + "\r\n").utf8) + body)
    }

    /// The head of an answer with a body in chunks.
    static let head = Array(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".utf8
    )
}

/// What a watch sends.
enum WatchOutput: Sendable {
    case bytes([UInt8])
    /// The stream ends without an end of its body.
    case cut
}

extension HTTPServerResponse {
    static func json(_ text: String) -> Self { json(bytes: Array(text.utf8)) }

    static func json(bytes: [UInt8]) -> Self {
        Self(status: .ok, headers: ["Content-Type": "application/json"], body: ByteBuffer(bytes: bytes))
    }

    static func status(_ status: APIStatus) -> Self {
        var headers: HTTPHeaders = ["Content-Type": "application/json"]
        if let seconds = status.retryAfter { headers.add(name: "Retry-After", value: String(seconds)) }
        return Self(
            status: HTTPResponseStatus(statusCode: status.code),
            headers: headers,
            body: ByteBuffer(string: status.json)
        )
    }
}
