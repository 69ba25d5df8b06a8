import FoundationEssentials
public import Logging
import Synchronization

/// Changes the configuration of a running service when it is asked to, or when a file of the configuration has changed.
///
/// A configuration with an error changes nothing: the errors are logged, and the old one stays.
public final class ConfigurationReloader: Sendable {
    /// How often files are looked at. A change is taken up when it is seen twice.
    private static let interval = Duration.milliseconds(500)

    private enum Cause: String {
        case request
        case file
    }

    private struct Counters {
        var successes = 0
        var failures = 0
        /// In seconds since 1970: of the configuration that is in force.
        var lastSuccess = Date().timeIntervalSince1970
    }

    private let source: ConfigurationSource
    private let service: CollectorService
    private let apply: @Sendable (ServiceConfiguration) async throws -> Void
    private let logger: Logger
    private let requests = AsyncStream.makeStream(of: Cause.self, bufferingPolicy: .bufferingNewest(1))
    private let counters = Mutex(Counters())

    /// - Parameters:
    ///   - source: What the service's configuration was loaded from.
    ///   - apply: Changes what of the `service` section is not the components': logs and metrics. Nothing is changed when
    ///     it throws. Called again with the section before when the components cannot be changed.
    public init(
        _ source: ConfigurationSource,
        of service: CollectorService,
        metrics: MetricsRegistry,
        logger: Logger,
        apply: @escaping @Sendable (ServiceConfiguration) async throws -> Void
    ) {
        self.source = source
        self.service = service
        self.apply = apply
        self.logger = logger
        metrics.observe("service:reload") { [weak self] sink in
            guard let counters = self?.counters.withLock({ $0 }) else { return }
            sink.add(.configReloads, counters.successes, ["outcome": "success"])
            sink.add(.configReloads, counters.failures, ["outcome": "failure"])
            sink.add(.configLastReload, counters.lastSuccess)
        }
    }

    /// Reads the configuration again as soon as what is being done is done. Further requests until then are one.
    public func request() { requests.continuation.yield(.request) }

    /// Serves requests and looks at files until the task is cancelled.
    public func run() async {
        await withTaskGroup { tasks in
            tasks.addTask {
                while (try? await Task.sleep(for: Self.interval)) != nil {
                    if self.source.filesHaveChanged() { self.requests.continuation.yield(.file) }
                }
            }
            for await cause in requests.stream { await reload(cause) }
            tasks.cancelAll()
        }
    }

    private func reload(_ cause: Cause) async {
        logger.debug("Reading the configuration again.", metadata: ["cause": "\(cause.rawValue)"])
        do {
            let (configuration, warnings) = try source.load()
            for warning in warnings { logger.warning("\(warning)") }
            logger.warning("Config updated, restart service")
            let before = service.configuration.service
            try await apply(configuration.service)
            let change: ReloadSummary?
            do {
                change = try await service.reload(configuration)
            } catch {
                try await apply(before)
                throw error
            }
            guard let change else { return }
            counters.withLock { counters in
                counters.successes += 1
                counters.lastSuccess = Date().timeIntervalSince1970
            }
            logger.info(
                "The configuration has been reloaded.",
                metadata: [
                    "added": .array(change.added.map { "\($0)" }), "removed": .array(change.removed.map { "\($0)" }),
                    "replaced": .array(change.replaced.map { "\($0)" }), "kept": .stringConvertible(change.kept),
                ]
            )
        } catch {
            counters.withLock { $0.failures += 1 }
            for line in Self.lines(error) { logger.error("Cannot reload the configuration: \(line)") }
            logger.error("The configuration stays as it was.")
        }
    }

    private static func lines(_ error: any Error) -> [String] {
        switch error {
        case let errors as ConfigErrors: errors.errors.map(\.description)
        case let failures as ComponentFailures: failures.failures.map(\.description)
        default: ["\(error)"]
        }
    }
}

extension MetricDescription {
    /// The metrics of reloads, for the documents.
    public static let reloads = [configReloads, configLastReload]

    fileprivate static let configReloads = MetricDescription(
        "steptrace_config_reloads",
        .counter,
        unit: "{reloads}",
        labels: ["outcome"],
        "How often the configuration has been read again, by outcome. After a failure the old one stays in force."
    )
    fileprivate static let configLastReload = MetricDescription(
        "steptrace_config_last_reload_success_timestamp",
        .gauge,
        unit: "s",
        "When the configuration that is in force was read, in seconds since 1970."
    )
}
