/// Everything that is wrong with a configuration.
public struct ConfigErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// Never empty.
    public let errors: [ConfigError]

    public init(_ errors: [ConfigError]) { self.errors = errors }

    /// One error a line.
    public var description: String { errors.map(\.description).joined(separator: "\n") }
}

/// Collects errors, so that a user sees all of them at once.
struct ConfigErrorCollector {
    private(set) var errors: [ConfigError] = []

    mutating func add(_ error: ConfigError) { errors.append(error) }

    /// The value, or nil when there was an error, which is kept.
    @discardableResult
    mutating func attempt<Value>(_ body: () throws(ConfigError) -> Value) -> Value? {
        do {
            return try body()
        } catch {
            errors.append(error)
            return nil
        }
    }
}
