/// A secret from a file, or one that is written in the configuration.
struct WatchedSecret: Sendable {
    private let file: WatchedFile?
    private(set) var text: String

    /// A file wins.
    init(file path: String?, text: String?) throws(AuthenticationFileError) {
        file = path.map { WatchedFile($0) }
        self.text = text ?? ""
        if let content = try file?.read() { self.text = content.trimmingSpaces }
    }

    /// True when it has changed.
    mutating func update() throws(AuthenticationFileError) -> Bool {
        guard let content = try file?.readIfChanged() else { return false }
        text = content.trimmingSpaces
        return true
    }
}
