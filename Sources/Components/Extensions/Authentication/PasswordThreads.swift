import NIOCore
import NIOPosix

/// The threads on which passwords are checked: hashes are slow by design, and an event loop must not wait for one. Half
/// of the processors at the most, so that guessing leaves the other half to requests.
enum PasswordThreads {
    private static let pool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: max(1, System.coreCount / 2))
        pool.start()
        return pool
    }()

    static func run(_ body: @escaping @Sendable () -> Void) {
        pool.submit { _ in body() }
    }
}
