public import Logging

/// The `service` section: what is run of the configured components, and how.
public struct ServiceConfiguration: Sendable, Equatable {
    /// In the order of the configuration.
    public var extensions: [ComponentID]
    /// In the order of the configuration.
    public var pipelines: [PipelineConfiguration]
    public var logs: LogsConfiguration
    public var metrics: MetricsConfiguration
    /// How long components may take to drain when the program is told to end.
    public var shutdownTimeout: Duration
}

/// A pipeline of the `service` section.
public struct PipelineConfiguration: Sendable, Equatable {
    /// `traces` or `traces/name`.
    public let id: ComponentID
    public let receivers: [ComponentID]
    /// In the order in which batches pass them.
    public let processors: [ComponentID]
    public let exporters: [ComponentID]
}

/// `service::telemetry::logs`.
public struct LogsConfiguration: Sendable, Equatable {
    public enum Level: String, Sendable, CaseIterable {
        case debug
        case info
        case warn
        case error
        /// The Collector's levels above `error`. Nothing is logged at them.
        case dpanic
        case panic
        case fatal

        public var loggerLevel: Logger.Level {
            switch self {
            case .debug: .debug
            case .info: .info
            case .warn: .warning
            case .error: .error
            case .dpanic, .panic, .fatal: .critical
            }
        }
    }

    public enum Encoding: String, Sendable, CaseIterable {
        case console
        case json
    }

    public var level: Level
    public var encoding: Encoding
    public var sampling = LogSampling()
    /// Fields that every line has.
    public var initialFields: [String: String] = [:]

    public init(level: Level = .info, encoding: Encoding = .console) {
        self.level = level
        self.encoding = encoding
    }

    init(from map: inout ConfigMap) throws(ConfigError) {
        level = try map.oneOf("level", default: .info, ignoringCase: true)
        encoding = try map.oneOf("encoding", default: .console)
        var sampling = try map.map("sampling")
        self.sampling = try LogSampling(from: &sampling)
        initialFields = try map.stringMap("initial_fields")
        try Self.readWithoutEffect(&map)
        try map.finish()
    }

    /// What the Collector's logger can do, and this one does anyway or has no use for: there are no callers and no stack
    /// traces in its lines, and they go to standard error.
    private static func readWithoutEffect(_ map: inout ConfigMap) throws(ConfigError) {
        for key in ["development", "disable_caller", "disable_stacktrace"] { _ = try map.bool(key, default: false) }
        for key in ["output_paths", "error_output_paths"] {
            let paths = try map.strings(key, default: ["stderr"])
            if paths != ["stderr"] { try map.report("\"\(key)\" must be [stderr]: logs go to standard error only") }
        }
    }
}
