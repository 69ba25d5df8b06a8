import Synchronization

/// Everything that is wrong with a configuration.
public struct ConfigErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// Never empty.
    public let errors: [ConfigError]

    public init(_ errors: [ConfigError]) { self.errors = errors }

    /// One error a line.
    public var description: String { errors.map(\.description).joined(separator: "\n") }
}

/// Collects errors, so that a user sees all of them at once. One list for all that is read of a configuration.
final class ConfigErrorList: Sendable {
    private struct State {
        var errors: [ConfigError] = []
        /// Of values that could not be read, and count as absent.
        var unreadable: [String] = []
    }

    private let state = Mutex(State())

    var errors: [ConfigError] { state.withLock { $0.errors } }

    func add(_ error: ConfigError) { state.withLock { $0.errors.append(error) } }

    /// Adds the error of a value, which counts as absent from then on.
    func addUnreadable(_ error: ConfigError) {
        state.withLock { state in
            state.errors.append(error)
            state.unreadable.append(error.path)
        }
    }

    /// Adds what a check of several values has found, unless one of them is known to be wrong: then it says nothing.
    func addCheck(_ error: ConfigError) {
        state.withLock { state in
            let isConsequence = state.unreadable.contains { $0 == error.path || $0.hasPrefix(error.path + "::") }
            if !isConsequence { state.errors.append(error) }
        }
    }

    /// The value, or nil when there was an error, which is kept.
    @discardableResult
    func attempt<Value>(_ body: () throws(ConfigError) -> Value) -> Value? {
        do {
            return try body()
        } catch {
            add(error)
            return nil
        }
    }
}
