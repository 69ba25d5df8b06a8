import BenchmarkSupport

/// Sends requests in a closed loop: each connection sends the next one when it has the whole response to the last.
struct LoadGenerator {
    struct Outcome {
        var started = 0
        var ended = 0
        /// Nanoseconds from the first byte written to the last one read, retries included.
        var latencies: [Int] = []
        /// Answers other than 200; these requests are sent again.
        var refused = 0
    }

    let port: Int
    let connectionCount: Int
    let requestCount: Int
    let pool: RequestPool

    func run() throws -> Outcome {
        var poller = try Poller()
        var connections: [Int32: Connection] = [:]
        var outcome = Outcome()
        outcome.latencies.reserveCapacity(requestCount)
        var sent = 0
        func startNext(_ connection: Connection, now: Int) throws {
            guard sent < requestCount else { return }
            let isBlocked = try connection.start(pool.requests[sent % pool.requests.count], now: now)
            if isBlocked { try poller.set(connection.socket, writable: true) }
            sent += 1
        }

        for _ in 0..<connectionCount {
            let connection = try Connection(port: port)
            try poller.add(connection.socket)
            connections[connection.socket] = connection
        }
        outcome.started = MonotonicClock.nanoseconds
        for connection in connections.values { try startNext(connection, now: MonotonicClock.nanoseconds) }
        while outcome.latencies.count < requestCount {
            for event in try poller.wait() {
                guard let connection = connections[event.socket] else { continue }
                if event.isWritable, try !connection.write() { try poller.set(event.socket, writable: false) }
                guard event.isReadable, case .answered(let ok) = try connection.read() else { continue }
                if ok {
                    let now = MonotonicClock.nanoseconds
                    outcome.latencies.append(now - connection.started)
                    try startNext(connection, now: now)
                } else {
                    outcome.refused += 1
                    if try connection.restart() { try poller.set(event.socket, writable: true) }
                }
            }
        }
        outcome.ended = MonotonicClock.nanoseconds
        return outcome
    }
}
