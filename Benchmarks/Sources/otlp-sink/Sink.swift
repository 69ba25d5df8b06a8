import BenchmarkSupport
import Glibc

/// A backend that answers each export with 200 at once, and counts.
///
/// `GET /counts` tells the requests and bytes, and when the last came; `GET /spans` also the spans, for which it
/// inflates what came compressed; `GET /reset` forgets all.
struct Sink {
    private static let success =
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"

    private var requests = 0
    private var bytes = 0
    private var lastRequest = 0
    private var counter = SpanCounter()
    private var compressed = CompressedBodies()

    mutating func run(_ listener: Int32) throws -> Never {
        var poller = try Poller()
        try poller.add(listener)
        var connections: [Int32: SinkConnection] = [:]
        while true {
            for event in try poller.wait() {
                if event.socket == listener {
                    guard let socket = Socket.accept(listener) else { continue }
                    try poller.add(socket)
                    connections[socket] = SinkConnection(socket: socket)
                } else if let connection = connections[event.socket] {
                    let isOpen = try connection.read { try take($0, $1, connection) }
                    if !isOpen {
                        connections[event.socket] = nil
                        close(event.socket)
                    }
                }
            }
        }
    }

    private mutating func take(
        _ head: MessageHead,
        _ message: UnsafeRawBufferPointer,
        _ connection: SinkConnection
    ) throws {
        // POST
        guard message.first != 0x50 else {
            let body = UnsafeRawBufferPointer(rebasing: message[head.count...])
            connection.reply(Self.success)
            requests += 1
            bytes += body.count
            lastRequest = MonotonicClock.nanoseconds
            if head.isGzip { compressed.append(body) } else { counter.count(body) }
            return
        }
        let answer: String
        if message.starts(with: "GET /spans ".utf8) {
            try compressed.inflateEach { counter.count($0) }
            compressed.removeAll()
            answer = """
                {"requests": \(requests), "bytes": \(bytes), "last_ns": \(lastRequest), "spans": \(counter.spans), \
                "added": \(counter.added), "malformed": \(counter.malformed)}
                """
        } else if message.starts(with: "GET /reset ".utf8) {
            self = Sink()
            answer = "{}"
        } else {
            answer = "{\"requests\": \(requests), \"bytes\": \(bytes), \"last_ns\": \(lastRequest)}"
        }
        connection.reply("HTTP/1.1 200 OK\r\nContent-Length: \(answer.utf8.count)\r\n\r\n\(answer)")
    }
}
