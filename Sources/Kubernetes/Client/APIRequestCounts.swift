import Synchronization

/// Counts the requests to an API server.
public final class APIRequestCounts: Sendable {
    public struct Key: Sendable, Hashable {
        /// `get`, `list`, `watch`, and of Leases `create`, `update` and `delete`
        public let verb: String
        /// The status of the answer; `error` when there was none.
        public let code: String
    }

    private let counts = Mutex<[Key: Int]>([:])

    public var all: [Key: Int] { counts.withLock { $0 } }

    /// - Parameter status: nil when there was no answer.
    func count(_ verb: String, status: Int?) {
        let key = Key(verb: verb, code: status.map { "\($0)" } ?? "error")
        counts.withLock { $0[key, default: 0] += 1 }
    }
}
