import Glibc

/// What tells two states of a file apart, without reading it. A swapped symbolic link on the way to the file, as in a
/// mounted ConfigMap, is a change too: it leads to another file.
public struct FileStamp: Sendable, Equatable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let seconds: Int
    private let nanoseconds: Int

    /// Nil when there is no such file, or it cannot be reached, or there is a pipe or a device: what those hold is gone when
    /// it has been read, and their times change without anything to read.
    public init?(_ path: String) {
        var info = stat()
        guard stat(path, &info) == 0, info.st_mode & S_IFMT == S_IFREG else { return nil }
        device = UInt(info.st_dev)
        inode = UInt(info.st_ino)
        size = Int(info.st_size)
        seconds = info.st_mtim.tv_sec
        nanoseconds = info.st_mtim.tv_nsec
    }
}

/// The files of a configuration, and whether one has changed since it was read.
///
/// A change is told of once it has settled: so that no file is read that is still being written.
struct FileChanges: Sendable {
    private var read: [String: FileStamp?] = [:]
    private var seen: [String: FileStamp?] = [:]

    var paths: [String] { Array(read.keys) }

    /// These have been read, and were like this just before.
    mutating func reset(_ stamps: [String: FileStamp?]) {
        read = stamps
        seen = stamps
    }

    /// Takes the files as they are now. True: one has changed since it was read, and none since the last look; which is
    /// said once for each change.
    mutating func look(_ stamps: [String: FileStamp?]) -> Bool {
        defer { seen = stamps }
        guard stamps != read, stamps == seen else { return false }
        read = stamps
        return true
    }
}
