import FoundationEssentials
public import Logging

/// Writes log messages in the Collector's formats: tab-separated for people, or one JSON object a line.
///
///     2026-11-23T08:26:43.531Z	info	receiver:otlp	Listening	{"endpoint": "127.0.0.1:4318"}
///     {"level":"info","ts":"2026-11-23T08:26:43.531Z","logger":"receiver:otlp","msg":"Listening", ...}
public struct CollectorLogHandler: LogHandler {
    private let label: String
    private let settings: LogSettings
    /// Set for this logger alone.
    private var ownLevel: Logger.Level?
    private let sampler: LogSampler?
    private let now: @Sendable () -> Date
    private let write: @Sendable (String) -> Void

    public var metadataProvider: Logger.MetadataProvider?
    public var metadata: Logger.Metadata = [:]

    public var logLevel: Logger.Level {
        get { ownLevel ?? settings.current.level.loggerLevel }
        set { ownLevel = newValue }
    }

    /// Logs to standard error.
    ///
    /// - Parameter sampler: that of all loggers; nil for no sampling.
    public init(label: String, settings: LogSettings, sampler: LogSampler? = nil) {
        self.init(label: label, settings: settings, sampler: sampler, now: { Date() }, write: StandardError.write)
    }

    /// - Parameters:
    ///   - label: The component: what the third column says.
    ///   - write: Takes whole lines, on any thread.
    init(
        label: String,
        settings: LogSettings,
        sampler: LogSampler? = nil,
        now: @escaping @Sendable () -> Date,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.label = label
        self.sampler = sampler
        self.now = now
        self.write = write
        self.settings = settings
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        guard admits(event) else { return }
        var attributes: Logger.Metadata = settings.current.initialFields.mapValues { "\($0)" }
        attributes.merge(metadata) { $1 }
        if let provided = metadataProvider?.get() { attributes.merge(provided) { $1 } }
        if let own = event.metadata { attributes.merge(own) { $1 } }
        if let error = event.error { attributes["error"] = "\(error)" }
        write(line(label, level: event.level.collectorName, "\(event.message)", attributes))
    }

    private func admits(_ event: LogEvent) -> Bool {
        guard let sampler else { return true }
        let message = LogSamplingState.Message(level: event.level.collectorName, text: "\(event.message)")
        let (verdict, suppressed) = sampler.take(message)
        tell(suppressed)
        guard case .suppress(let isFirst) = verdict else { return true }
        if isFirst {
            Task {
                try? await Task.sleep(for: sampler.tick)
                tellSuppressed()
            }
        }
        return false
    }

    /// Writes which messages have been suppressed and not told of yet: at the end of the program.
    public func tellSuppressed() { tell(sampler?.flush() ?? []) }

    private func tell(_ suppressed: [LogSamplingState.Suppressed]) {
        for one in suppressed {
            let attributes: Logger.Metadata = [
                "message": "\(one.message.text)", "suppressed": .stringConvertible(one.count),
            ]
            write(
                line(
                    "logs",
                    level: one.message.level,
                    "Log messages have been suppressed, the same came too often.",
                    attributes
                )
            )
        }
    }

    private func line(_ label: String, level: String, _ message: String, _ attributes: Logger.Metadata) -> String {
        let time = now().formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true)) + "Z"
        switch settings.current.encoding {
        case .console:
            let columns = [time, level, label, message].joined(separator: "\t")
            return attributes.isEmpty ? columns + "\n" : "\(columns)\t\(JSONText.object(attributes))\n"
        case .json:
            let fields = [("level", level), ("ts", time), ("logger", label), ("msg", message)]
                .map { "\(JSONText.string($0)): \(JSONText.string($1))" }
            return "{\((fields + JSONText.members(attributes)).joined(separator: ", "))}\n"
        }
    }
}

extension Logger.Level {
    /// The level as the Collector's logger calls it.
    fileprivate var collectorName: String {
        switch self {
        case .trace, .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warn"
        case .error, .critical: "error"
        }
    }
}
