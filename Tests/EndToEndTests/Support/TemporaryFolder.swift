import FoundationEssentials

/// A folder that is gone with the last reference to it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "steptrace-tests-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Returns the file's path.
    func write(_ name: String, _ content: some Sequence<UInt8>) throws -> String {
        try Data(content).write(to: URL(filePath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }

    func write(_ name: String, _ text: String) throws -> String { try write(name, text.utf8) }
}

func readFile(_ path: String) throws -> [UInt8] { try Array(Data(contentsOf: URL(filePath: path))) }
