import FoundationEssentials
import Glibc

/// A file that records are written to, and that is renamed when it gets too long. For one thread at a time.
struct RotatingFile: ~Copyable {
    private let configuration: FileExporterConfiguration
    private let opened: OpenedFiles
    private var descriptor: Int32 = -1
    private var size = 0

    init(_ configuration: FileExporterConfiguration, opened: OpenedFiles) {
        self.configuration = configuration
        self.opened = opened
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Writes a record whole or not at all: what is left of one that fails is taken back.
    mutating func write(_ record: [UInt8]) throws(FileError) {
        if let rotation = configuration.rotation, size > 0, size + record.count > rotation.maxMegabytes << 20 {
            try rotate(rotation)
        }
        try open()
        var written = 0
        while written < record.count {
            let count = record.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let code = errno
                // A record that is not whole would spoil the one behind it.
                if written > 0 { ftruncate(descriptor, off_t(size)) }
                lseek(descriptor, off_t(size), SEEK_SET)
                throw FileError("write", configuration.path, code)
            }
            written += count
        }
        size += written
    }

    /// Opens the file, and makes its directory if it should, unless that is done.
    mutating func open() throws(FileError) {
        guard descriptor < 0 else { return }
        if configuration.createDirectory { try Self.makeDirectories(configuration) }
        let path = configuration.path
        let truncates = !configuration.append && configuration.rotation == nil && !opened.contains(path)
        let flags = O_WRONLY | O_CREAT | O_CLOEXEC | (truncates ? O_TRUNC : 0)
        descriptor = Glibc.open(path, flags, 0o644)
        guard descriptor >= 0 else { throw FileError("open", path, errno) }
        opened.insert(path)
        // What is no file, such as a pipe, has no end.
        size = max(0, Int(lseek(descriptor, 0, SEEK_END)))
    }

    private mutating func rotate(_ rotation: FileExporterConfiguration.Rotation) throws(FileError) {
        let name = BackupName(path: configuration.path)
        let backup = name.backup(at: time(nil), localtime: rotation.localtime)
        // Somebody else may have moved or removed it: then there is nothing left to rename.
        guard rename(configuration.path, backup) == 0 || errno == ENOENT else {
            throw FileError("rename", configuration.path, errno)
        }
        close(descriptor)
        descriptor = -1
        size = 0
        removeOld(name, rotation)
    }

    private func removeOld(_ name: BackupName, _ rotation: FileExporterConfiguration.Rotation) {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: name.directory)) ?? []
        // The names are those of times: sorted, the oldest is first.
        let backups = files.filter(name.isBackup).sorted()
        var old = rotation.maxBackups > 0 ? Array(backups.dropLast(rotation.maxBackups)) : []
        if rotation.maxDays > 0 {
            let limit = time(nil) - rotation.maxDays * 86_400
            old += backups.filter { file in
                var info = stat()
                return stat("\(name.directory)/\(file)", &info) == 0 && info.st_mtim.tv_sec < limit
            }
        }
        for file in old { unlink("\(name.directory)/\(file)") }
    }

    private static func makeDirectories(_ configuration: FileExporterConfiguration) throws(FileError) {
        let directory = BackupName(path: configuration.path).directory
        var path = directory.hasPrefix("/") ? "" : "."
        for part in directory.split(separator: "/") {
            path += "/" + part
            guard mkdir(path, mode_t(configuration.directoryPermissions)) == 0 || errno == EEXIST else {
                throw FileError("mkdir", path, errno)
            }
        }
    }
}

/// The names of files that were renamed, as lumberjack forms them: `traces-2026-11-24T02-20-00.000.json`.
struct BackupName {
    let directory: String
    private let prefix: String
    private let suffix: String

    init(path: String) {
        let slash = path.lastIndex(of: "/")
        directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let file = slash.map { path[path.index(after: $0)...] } ?? path[...]
        let dot = file.lastIndex(of: ".") ?? file.endIndex
        prefix = file[..<dot] + "-"
        suffix = String(file[dot...])
    }

    /// A name that is not taken: a second has room for a thousand.
    func backup(at time: time_t, localtime isLocal: Bool) -> String {
        var (time, parts) = (time, tm())
        if isLocal { localtime_r(&time, &parts) } else { gmtime_r(&time, &parts) }
        func digits(_ number: some BinaryInteger, _ count: Int) -> String {
            let text = "\(number)"
            return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
        }
        let date = "\(digits(parts.tm_year + 1900, 4))-\(digits(parts.tm_mon + 1, 2))-\(digits(parts.tm_mday, 2))"
        let clock = "\(digits(parts.tm_hour, 2))-\(digits(parts.tm_min, 2))-\(digits(parts.tm_sec, 2))"
        for number in 0..<1000 {
            let path = "\(directory)/\(prefix)\(date)T\(clock).\(digits(number, 3))\(suffix)"
            if access(path, F_OK) != 0 { return path }
        }
        return "\(directory)/\(prefix)\(date)T\(clock).999\(suffix)"
    }

    func isBackup(_ file: String) -> Bool {
        // 2026-11-24T02-20-00.000
        guard file.hasPrefix(prefix), file.hasSuffix(suffix) else { return false }
        let middle = file.dropFirst(prefix.count).dropLast(suffix.count)
        return middle.utf8.count == 23 && middle.allSatisfy { "0123456789-T.".contains($0) }
    }
}

/// What the system refused, and where.
struct FileError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ action: String, _ path: String, _ code: Int32) {
        description = "\(action) \(path): \(String(cString: strerror(code)))"
    }
}
