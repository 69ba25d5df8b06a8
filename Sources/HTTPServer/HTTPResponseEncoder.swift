internal import NIOCore
internal import NIOHTTP1

/// Writes HTTP/1.1 responses as bytes.
struct HTTPResponseEncoder {
    private var date = HTTPDate()

    /// Writes the head of a whole response whose body has so many bytes.
    mutating func writeHead(
        of response: HTTPServerResponse,
        plan: HTTPConnectionState.ResponsePlan,
        into buffer: inout ByteBuffer
    ) {
        if let head = response.encodedHead, !plan.close, !plan.announcesKeepAlive {
            buffer.writeImmutableBuffer(head)
            buffer.writeImmutableBuffer(date.lastHeader())
            return
        }
        writeHead(response.status, response.headers, plan: plan, into: &buffer)
        Self.writeLength(of: response, into: &buffer)
        buffer.writeStaticString("\r\n")
    }

    /// All but the Date, which is to be the last.
    static func encodedHead(of response: HTTPServerResponse) -> ByteBuffer {
        var buffer = ByteBuffer()
        write(response.status, into: &buffer)
        write(response.headers, into: &buffer)
        writeLength(of: response, into: &buffer)
        return buffer
    }

    private static func writeLength(of response: HTTPServerResponse, into buffer: inout ByteBuffer) {
        // RFC 9110, 8.6: none with 204; with 304 it would speak of a body we do not know.
        guard response.status.code != 204 && response.status.code != 304 else { return }
        buffer.writeStaticString("Content-Length: ")
        buffer.writeString(String(response.body.readableBytes))
        buffer.writeStaticString("\r\n")
    }

    /// Writes the head of a response whose body follows in chunks, or for HTTP/1.0 up to the end of the connection.
    mutating func writeStreamingHead(
        status: HTTPResponseStatus,
        headers: HTTPHeaders,
        plan: HTTPConnectionState.ResponsePlan,
        into buffer: inout ByteBuffer
    ) {
        writeHead(status, headers, plan: plan, into: &buffer)
        buffer.writeStaticString(plan.isHTTP10 ? "\r\n" : "Transfer-Encoding: chunked\r\n\r\n")
    }

    private mutating func writeHead(
        _ status: HTTPResponseStatus,
        _ headers: HTTPHeaders,
        plan: HTTPConnectionState.ResponsePlan,
        into buffer: inout ByteBuffer
    ) {
        Self.write(status, into: &buffer)
        buffer.writeStaticString("Date: ")
        buffer.writeString(date.now())
        buffer.writeStaticString("\r\n")
        Self.write(headers, into: &buffer)
        if plan.close {
            buffer.writeStaticString("Connection: close\r\n")
        } else if plan.announcesKeepAlive {
            buffer.writeStaticString("Connection: keep-alive\r\n")
        }
    }

    private static func write(_ status: HTTPResponseStatus, into buffer: inout ByteBuffer) {
        if status == .ok { return _ = buffer.writeStaticString("HTTP/1.1 200 OK\r\n") }
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeString(String(status.code))
        buffer.writeStaticString(" ")
        write(field: status.reasonPhrase, into: &buffer)
        buffer.writeStaticString("\r\n")
    }

    private static func write(_ headers: HTTPHeaders, into buffer: inout ByteBuffer) {
        for (name, value) in headers where !belongsToServer(name) {
            write(field: name, into: &buffer)
            buffer.writeStaticString(": ")
            write(field: value, into: &buffer)
            buffer.writeStaticString("\r\n")
        }
    }

    /// A line break in a field would let whoever supplied it write headers of their own.
    private static func write(field: String, into buffer: inout ByteBuffer) {
        if field.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0 }) {
            buffer.writeBytes(field.utf8.lazy.map { $0 == 0x0D || $0 == 0x0A || $0 == 0 ? 0x20 : $0 })
        } else {
            buffer.writeString(field)
        }
    }

    private static func belongsToServer(_ name: String) -> Bool {
        switch name.utf8.count {
        case 4: name.isHeader("date")
        case 10: name.isHeader("connection")
        case 14: name.isHeader("content-length")
        case 17: name.isHeader("transfer-encoding")
        default: false
        }
    }
}
