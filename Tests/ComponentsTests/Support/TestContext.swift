import Collector
import Logging
import NIOPosix
import ServiceLifecycle
import Synchronization

/// A component's surroundings, recorded.
struct TestContext: Sendable {
    struct LogEntry: Sendable {
        let level: Logger.Level
        let message: String
        let metadata: [String: String]
    }

    let logs = Recorder<LogEntry>()
    let reports = Recorder<ComponentStatus>()
    let statuses = TestStatuses()
    var shutdownTimeout = Duration.seconds(10)

    func component(_ type: String) -> ComponentContext {
        let logs = logs
        let reports = reports
        return ComponentContext(
            id: ComponentID(type: type),
            logger: Logger(label: type) { _ in RecordingLogHandler(logs: logs) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            report: { reports.append($0) },
            statuses: statuses,
            shutdownTimeout: shutdownTimeout
        )
    }

    func log(_ message: String) async -> LogEntry { await logs.first { $0.message == message } }
}

final class TestStatuses: StatusSource {
    private let state = Mutex<(isReady: Bool, current: [String: ComponentStatus])>((false, [:]))

    func current() -> [String: ComponentStatus] { state.withLock { $0.current } }
    var isReady: Bool { state.withLock { $0.isReady } }

    func set(isReady: Bool, _ current: [String: ComponentStatus] = [:]) {
        state.withLock { $0 = (isReady, current) }
    }
}

private struct RecordingLogHandler: LogHandler {
    let logs: Recorder<TestContext.LogEntry>
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.debug

    init(logs: Recorder<TestContext.LogEntry>) { self.logs = logs }

    func log(event: LogEvent) {
        let metadata = (event.metadata ?? [:]).mapValues { "\($0)" }
        logs.append(TestContext.LogEntry(level: event.level, message: "\(event.message)", metadata: metadata))
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
}

/// Runs a component around `body`, and shuts it down gracefully behind it.
func withRunning(_ service: any Service, _ body: () async throws -> Void) async throws {
    let group = ServiceGroup(
        configuration: .init(
            services: [.init(service: service, successTerminationBehavior: .gracefullyShutdownGroup)],
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    )
    try await withThrowingTaskGroup { tasks in
        tasks.addTask { try await group.run() }
        try await body()
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
}
