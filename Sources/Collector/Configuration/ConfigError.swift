/// What is wrong with a configuration, where, and what to do.
public struct ConfigError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Keys joined with `::` as the Collector writes them: `receivers::otlp::protocols::http`.
    public let path: String
    /// `file:line:column`; nil when the error is about something that is not there.
    public let position: String?
    public let message: String

    public init(path: String, position: String?, message: String) {
        self.path = path
        self.position = position
        self.message = message
    }

    public var description: String {
        (position.map { "\($0): " } ?? "") + (path.isEmpty ? "" : "\(path): ") + message
    }
}
