import Synchronization

/// How all components log. It may change while they run.
public final class LogSettings: Sendable {
    private let configuration: Mutex<LogsConfiguration>

    public init(_ configuration: LogsConfiguration) { self.configuration = Mutex(configuration) }

    public var current: LogsConfiguration { configuration.withLock { $0 } }

    public func set(_ configuration: LogsConfiguration) { self.configuration.withLock { $0 = configuration } }
}
