import BenchmarkSupport
import Glibc

/// One connection of a sender: gathers its bytes until a request is complete.
final class SinkConnection {
    let socket: Int32
    private var input = [UInt8](repeating: 0, count: 1 << 20)
    private var received = 0
    private var hasContinued = false

    init(socket: Int32) {
        self.socket = socket
    }

    /// Reads what is there, and calls `body` for each complete request.
    ///
    /// - Returns: false at the end of the connection.
    func read(
        _ body: (_ head: MessageHead, _ message: UnsafeRawBufferPointer) throws -> Void
    ) throws -> Bool {
        let count = input.withUnsafeMutableBytes { bytes in
            recv(socket, bytes.baseAddress.map { $0 + received }, bytes.count - received, 0)
        }
        if count < 0, errno == EAGAIN { return true }
        guard count > 0 else { return false }
        received += count
        var consumed = 0
        var missing = 0
        try input.withUnsafeBytes { bytes in
            while consumed < received {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[consumed..<received])
                guard let head = try MessageHead(rest) else { break }
                let length = head.count + head.contentLength
                guard rest.count >= length else {
                    missing = length
                    if head.expectsContinue, !hasContinued {
                        hasContinued = true
                        reply("HTTP/1.1 100 Continue\r\n\r\n")
                    }
                    break
                }
                try body(head, UnsafeRawBufferPointer(rebasing: rest[..<length]))
                hasContinued = false
                consumed += length
            }
        }
        if consumed > 0 {
            input.withUnsafeMutableBytes { bytes in
                guard let base = bytes.baseAddress else { return }
                memmove(base, base + consumed, received - consumed)
            }
            received -= consumed
        }
        if missing > input.count { input.append(contentsOf: repeatElement(0, count: missing - input.count)) }
        return true
    }

    /// Sends a short text. The socket's buffer has room for it: a sender reads each answer.
    func reply(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            _ = send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        }
    }
}
