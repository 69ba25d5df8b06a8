import FoundationEssentials
import Kubernetes
import Synchronization

/// Files and variables that exist only in a test.
final class TestFiles: Sendable {
    private let files: Mutex<[String: String]>
    private let reads = Mutex(0)

    init(_ files: [String: String]) {
        self.files = Mutex(files)
    }

    subscript(path: String) -> String? {
        get { files.withLock { $0[path] } }
        set { files.withLock { $0[path] = newValue } }
    }

    /// How often a file was read, or tried to be.
    var readCount: Int { reads.withLock { $0 } }

    func environment(_ variables: [String: String] = [:]) -> ClusterEnvironment {
        ClusterEnvironment(variables: variables) { path throws(ClusterEnvironment.FileError) in
            self.reads.withLock { $0 += 1 }
            guard let text = self[path] else { throw ClusterEnvironment.FileError(isMissing: true, "no such file") }
            return Array(text.utf8)
        }
    }
}

/// Texts that look like what they are called, and no more.
enum PEM {
    static let certificate = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
    static let key = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"
    static let encryptedKey = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n"

    static func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
}
