import HTTPClient
import Logging
import Synchronization

@testable import Kubernetes

/// A reflector on a scripted transport, with what it told, in words.
struct ReflectorHarness: Sendable {
    let transport: ScriptedTransport
    let reflector: Reflector<Build>
    let log = LogRecorder()
    let waits = Recorder<Duration>()
    let statistics = ReflectorStatistics()
    private let events: AsyncStream<String>

    init(
        _ script: [ScriptedTransport.Answer],
        selection: ObjectSelection = ObjectSelection(),
        configuration: ReflectorStateMachine.Configuration = .init()
    ) {
        let (events, continuation) = AsyncStream<String>.makeStream()
        self.events = events
        transport = ScriptedTransport([.response(200, #"{"versions":[{"version":"v1"}]}"#)] + script)
        let waits = waits
        reflector = Reflector(
            client: testClient(transport),
            selection: selection,
            configuration: configuration,
            sleep: { duration in waits.append(duration) },
            statistics: statistics,
            logger: log.logger,
            handler: { continuation.yield(Self.words($0)) }
        )
    }

    /// Runs until so many events are told and so many requests made, and stops.
    func events(_ count: Int, requests: Int = 0) async -> [String] {
        let task = Task { await reflector.run() }
        var told: [String] = []
        for await event in events {
            told.append(event)
            if told.count == count { break }
        }
        while transport.requests.count < requests { await Task.yield() }
        task.cancel()
        await task.value
        return told
    }

    private static func words(_ event: ReflectorEvent<Build>) -> String {
        switch event {
        case .applied(let build): "applied \(build.metadata.name)@\(build.metadata.resourceVersion)"
        case .deleted(let key, let last): "deleted \(key)" + (last.map { "@\($0.metadata.resourceVersion)" } ?? "")
        case .synced: "synced"
        case .failed(let error, _): "failed \(error.kind)"
        case .recovered: "recovered"
        }
    }
}

func testClient(
    _ transport: ScriptedTransport,
    credentials: ClusterAccess.Credentials = .none,
    files: TestFiles = TestFiles([:])
) -> KubernetesClient {
    var access = ClusterAccess(server: "http://api")
    access.credentials = credentials
    return testClient(transport, access, files: files)
}

func testClient(
    _ transport: ScriptedTransport,
    _ access: ClusterAccess,
    files: TestFiles = TestFiles([:])
) -> KubernetesClient {
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    return KubernetesClient(
        access: access,
        authorization: Authorization(access, in: files.environment(), logger: logger),
        transport: transport,
        userAgent: "steptrace/test"
    )
}

/// Collects values from any thread.
final class Recorder<Value: Sendable>: Sendable {
    private let list = Mutex<[Value]>([])

    var values: [Value] { list.withLock { $0 } }

    func append(_ value: Value) {
        list.withLock { $0.append(value) }
    }
}

/// Collects log lines: level, message, and metadata sorted by key.
struct LogRecorder: Sendable {
    private let recorder = Recorder<String>()

    var lines: [String] { recorder.values }

    var logger: Logger {
        Logger(label: "test", factory: { _ in Handler(recorder: recorder) })
    }

    private struct Handler: LogHandler {
        let recorder: Recorder<String>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let metadata = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
            recorder.append("\(event.level): \(event.message)" + metadata.joined())
        }
    }
}
