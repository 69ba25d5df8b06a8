import Collector
import FoundationEssentials
import Glibc

/// The directory that queues are stored in.
struct StorageDirectory: Sendable {
    private let options: FileStorageOptions
    private let path: String

    init(options: FileStorageOptions) {
        self.options = options
        let isAbsolute = options.directory.hasPrefix("/")
        path = isAbsolute ? options.directory : "\(FileManager.default.currentDirectoryPath)/\(options.directory)"
    }

    /// Says what is wrong as far as it can be seen without changing anything.
    func check() throws(QueueStorageError) {
        if Self.exists(path) { return try checkExisting(path, "is where queues are to be stored") }
        guard options.createDirectory else {
            throw QueueStorageError(
                "directory must exist: \(path). You can enable the create_directory option to automatically create it"
            )
        }
        // The nearest that is there has to take the others.
        var parent = URL(filePath: path).deletingLastPathComponent().path
        while !Self.exists(parent), parent != "/", !parent.isEmpty {
            parent = URL(filePath: parent).deletingLastPathComponent().path
        }
        try checkExisting(parent, "is where the directory \(path) is to be created")
    }

    /// Makes the directory where it should be made, and checks it.
    func prepare() throws(QueueStorageError) {
        try check()
        guard !Self.exists(path) else { return }
        var made = ""
        for component in path.split(separator: "/") {
            made += "/\(component)"
            guard mkdir(made, options.directoryPermissions) != 0, errno != EEXIST else { continue }
            throw QueueStorageError("cannot create the directory \(made): \(String(cString: strerror(errno)))")
        }
    }

    /// The file of an exporter's queue. Named as the Collector names its own, with another suffix.
    func file(exporter: ComponentID) -> String {
        let name = "exporter_\(exporter.type)_\(exporter.name)_traces"
        return "\(path)/\(Self.escaped(name)).sqlite"
    }

    /// What has a meaning in paths becomes `~` and its number.
    private static func escaped(_ name: String) -> String {
        name.unicodeScalars.map { scalar in
            let isLetter = scalar.isASCII && scalar.properties.isAlphabetic
            let isPlain = isLetter || "0123456789.-_".unicodeScalars.contains(scalar)
            let digits = String(scalar.value, radix: 16, uppercase: true)
            return isPlain ? String(scalar) : "~" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        }.joined()
    }

    private func checkExisting(_ path: String, _ purpose: String) throws(QueueStorageError) {
        var info = stat()
        guard stat(path, &info) == 0 else {
            throw QueueStorageError("cannot use \(path), which \(purpose): \(String(cString: strerror(errno)))")
        }
        guard info.st_mode & S_IFMT == S_IFDIR else {
            throw QueueStorageError("\(path), which \(purpose), is not a directory")
        }
        guard access(path, W_OK | X_OK) == 0 else {
            let reason = String(cString: strerror(errno))
            throw QueueStorageError("\(path), which \(purpose), is not writable for user \(geteuid()): \(reason)")
        }
    }

    private static func exists(_ path: String) -> Bool {
        var info = stat()
        return stat(path, &info) == 0
    }
}
