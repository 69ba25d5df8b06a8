/// Why the access to the cluster cannot be set up from what is configured: where, what, and what to do.
public struct KubernetesConfigError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file (with the line, where there is one) or the environment variable or setting.
    public let source: String
    /// Path of the key in the file: `users[ci].user.exec`.
    public let key: String?
    public let message: String

    public init(_ source: String, key: String? = nil, _ message: String) {
        self.source = source
        self.key = key
        self.message = message
    }

    public var description: String {
        source + ": " + (key.map { "\($0): " } ?? "") + message
    }
}
