import BenchmarkSupport
import Glibc

/// One keep-alive connection of the closed loop.
final class Connection {
    enum Progress {
        case unfinished
        case answered(ok: Bool)
    }

    let socket: Int32
    /// The request on its way, and how much of it is written.
    private(set) var request: [UInt8] = []
    private var written = 0
    private(set) var started = 0
    private var input = [UInt8](repeating: 0, count: 64 << 10)
    private var received = 0

    init(port: Int) throws(BenchmarkError) {
        socket = try Socket.connect(port: port)
    }

    /// - Returns: whether the socket must become writable first, for the rest.
    func start(_ request: [UInt8], now: Int) throws(BenchmarkError) -> Bool {
        self.request = request
        started = now
        return try restart()
    }

    /// Sends the same request once more; its latency goes on counting.
    func restart() throws(BenchmarkError) -> Bool {
        written = 0
        return try write()
    }

    /// - Returns: whether there is more to write.
    func write() throws(BenchmarkError) -> Bool {
        let count = request.withUnsafeBytes { bytes in
            send(socket, bytes.baseAddress.map { $0 + written }, bytes.count - written, Int32(MSG_NOSIGNAL))
        }
        guard count >= 0 || errno == EAGAIN else { throw BenchmarkError("the gateway closed a connection") }
        written += max(count, 0)
        return written < request.count
    }

    func read() throws -> Progress {
        let count = input.withUnsafeMutableBytes { bytes in
            recv(socket, bytes.baseAddress.map { $0 + received }, bytes.count - received, 0)
        }
        if count < 0, errno == EAGAIN { return .unfinished }
        guard count > 0 else { throw BenchmarkError("the gateway closed a connection") }
        received += count
        return try input.withUnsafeBytes { bytes in
            guard let head = try MessageHead(UnsafeRawBufferPointer(rebasing: bytes[..<received])) else {
                return .unfinished
            }
            let length = head.count + head.contentLength
            guard length <= bytes.count else { throw BenchmarkError("a response of \(length) bytes") }
            guard received >= length else { return .unfinished }
            guard received == length else { throw BenchmarkError("bytes behind a response") }
            received = 0
            // "HTTP/1.1 200"
            return .answered(ok: bytes[9] == 0x32 && bytes[10] == 0x30 && bytes[11] == 0x30)
        }
    }
}
