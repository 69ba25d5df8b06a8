import Glibc

/// Why a file has no text.
struct FileReadError: Error, Equatable, CustomStringConvertible {
    let description: String
}

/// Reads whatever can be opened and read to its end, pipes and `/dev/stdin` included. (Foundation refuses what is no regular
/// file.)
enum FileBytes {
    /// Nobody's configuration; but there are files without end.
    static let limit = 64 << 20

    static func read(_ path: String) throws(FileReadError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw cannotRead(errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            if count < 0 {
                if errno == EINTR { continue }
                throw cannotRead(errno)
            }
            guard bytes.count + count <= limit else {
                throw FileReadError(description: "is longer than a configuration may be: \(limit >> 20) MiB")
            }
            bytes += chunk[..<count]
        }
    }

    private static func cannotRead(_ code: CInt) -> FileReadError {
        let reason =
            switch code {
            case ENOENT: "no such file"
            default: strerror(code).map { String(cString: $0).lowercased() } ?? "errno \(code)"
            }
        return FileReadError(description: "cannot read the file: \(reason)")
    }
}
