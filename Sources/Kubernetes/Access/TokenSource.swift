import Logging
import Synchronization

/// A bearer token from a file that is replaced from time to time (by the kubelet, at 80 % of the token's life).
final class TokenSource: Sendable {
    /// client-go's: a token in use is at most so much older than the file.
    static let lifetime = Duration.seconds(60)

    private struct State {
        var token: String?
        var readAt: Duration?
    }

    private let path: String
    private let environment: ClusterEnvironment
    private let now: @Sendable () -> Duration
    private let logger: Logger
    private let state = Mutex(State())

    /// - Parameter now: time since any fixed origin.
    init(
        path: String,
        in environment: ClusterEnvironment,
        now: @escaping @Sendable () -> Duration,
        logger: Logger
    ) {
        self.path = path
        self.environment = environment
        self.now = now
        self.logger = logger
    }

    /// Read anew when the last reading is a minute old. When that fails the old token is kept; nil when there is none.
    func token() -> String? {
        let (token, readAt) = state.withLock { ($0.token, $0.readAt) }
        if let token, let readAt, now() - readAt < Self.lifetime {
            return token
        }
        return read()
    }

    /// The server does not accept `rejected`. Returns another one if the file has one by now.
    func replacement(for rejected: String?) -> String? {
        let token = read()
        return token == rejected ? nil : token
    }

    private func read() -> String? {
        let now = now()
        do {
            let token = String(decoding: try environment.readFile(path), as: UTF8.self).trimmingWhitespace()
            guard !token.isEmpty else { throw ClusterEnvironment.FileError(isMissing: false, "is empty") }
            state.withLock { $0 = State(token: token, readAt: now) }
            return token
        } catch {
            logger.warning(
                "cannot read the token, going on with the last one",
                metadata: ["error": "\(path): \(error)"]
            )
            return state.withLock {
                $0.readAt = now
                return $0.token
            }
        }
    }
}
