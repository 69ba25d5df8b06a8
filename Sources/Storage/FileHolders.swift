import Synchronization

/// Who in this process has which file: one at a time. While the configuration is changed, the next exporter of a queue
/// starts before the one it replaces has ended.
final class FileHolders: Sendable {
    static let shared = FileHolders()

    /// Those who wait, by path; an entry for every file that somebody has.
    private let waiting = Mutex<[String: [AsyncStream<Void>.Continuation]]>([:])

    func isHeld(_ path: String) -> Bool { waiting.withLock { $0[path] != nil } }

    /// Waits until nobody has the file, and takes it.
    ///
    /// - Throws: `CancellationError`.
    func acquire(_ path: String) async throws {
        while true {
            let (released, continuation) = AsyncStream<Void>.makeStream()
            let isMine = waiting.withLock { waiting in
                if waiting[path] != nil {
                    waiting[path]?.append(continuation)
                    return false
                }
                waiting[path] = []
                return true
            }
            if isMine { return }
            for await _ in released {}
            try Task.checkCancellation()
        }
    }

    func release(_ path: String) {
        let waiting = waiting.withLock { $0.removeValue(forKey: path) }
        for continuation in waiting ?? [] { continuation.finish() }
    }
}
