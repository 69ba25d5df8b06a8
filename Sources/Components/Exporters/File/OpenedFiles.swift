import Glibc
import Synchronization

/// The files that `file` exporters have written to since the program was started.
///
/// What was in a file before is dropped when the program starts, and not by whatever comes later: a configuration that is
/// tried and cannot work has to leave everything as it was. There are as many as paths have been configured.
final class OpenedFiles: Sendable {
    static let shared = OpenedFiles()

    private let paths = Mutex<Set<String>>([])

    func contains(_ path: String) -> Bool {
        // What is not there yet has not been written to, or has been removed since: there is nothing to lose.
        guard let path = Self.resolved(path) else { return false }
        return paths.withLock { $0.contains(path) }
    }

    /// To be called when the file is there.
    func insert(_ path: String) {
        guard let path = Self.resolved(path) else { return }
        paths.withLock { _ = $0.insert(path) }
    }

    /// The path without links and dots: a file may be called by several names.
    private static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
