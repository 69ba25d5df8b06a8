import FoundationEssentials
import Synchronization

/// A small file that may change, such as a mounted Secret: a swapped symbolic link is a change too.
final class WatchedFile: Sendable {
    /// What tells two states of a file apart.
    private struct Stamp: Equatable {
        let inode: UInt64
        let size: Int
        let modified: Date?
    }

    static let maximumBytes = 1 << 20

    let path: String
    /// Of the file as it was read last, with success or without.
    private let stamp = Mutex<Stamp?>(nil)

    init(_ path: String) { self.path = path }

    /// Reads the file.
    func read() throws(AuthenticationFileError) -> String {
        let now = Self.stamp(path)
        stamp.withLock { $0 = now }
        guard let now else { throw .init("cannot read \(path)") }
        guard now.size <= Self.maximumBytes else { throw .init("\(path) has more than \(Self.maximumBytes) bytes") }
        do {
            return String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        } catch {
            throw .init("cannot read \(path)")
        }
    }

    /// Reads the file if it has changed since it was read last; nil when it has not, or is not there at the moment. What is
    /// wrong with it is thrown once.
    func readIfChanged() throws(AuthenticationFileError) -> String? {
        guard let now = Self.stamp(path), now != stamp.withLock({ $0 }) else { return nil }
        return try read()
    }

    private static func stamp(_ path: String) -> Stamp? {
        let path = URL(filePath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
        return Stamp(
            inode: (attributes[.systemFileNumber] as? UInt64) ?? 0,
            size: (attributes[.size] as? UInt64).map(Int.init) ?? 0,
            modified: attributes[.modificationDate] as? Date
        )
    }
}
