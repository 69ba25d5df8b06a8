import Logging
import NIOCore
import NIOEmbedded
import Synchronization
import Testing

@testable import Collector

@Suite struct QueuedExporterTests {
    /// Keeps what it is to send until the test says how that ended.
    private final class Sender: BatchSender {
        private let waiting = Mutex<[@Sendable (ExportOutcome) -> Void]>([])

        func send(_ batches: [TraceBatch], _ completion: @escaping @Sendable (ExportOutcome) -> Void) {
            waiting.withLock { $0.append(completion) }
        }

        /// Ends the oldest attempt.
        func end(_ outcome: ExportOutcome) {
            let completion = waiting.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            completion?(outcome)
        }

        func shutdown() async {}
    }

    /// Calls `onLog` with every message.
    private struct Handler: LogHandler {
        let onLog: @Sendable (String) -> Void
        var metadata: Logger.Metadata = [:]
        var metadataProvider: Logger.MetadataProvider?
        var logLevel = Logger.Level.debug

        init(_ onLog: @escaping @Sendable (String) -> Void) { self.onLog = onLog }

        func log(event: LogEvent) { onLog("\(event.message)") }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
    }

    private final class Reports: StatusSource {
        let all = Mutex<[ComponentStatus]>([])
        let isReady = true

        func current() -> [String: ComponentStatus] { [:] }
    }

    @Test func aFailureThatIsReportedLateDoesNotHideThatSendingWorksAgain() throws {
        let (sender, reports) = (Sender(), Reports())
        // Of a failure first the log is told, then the state. In between another attempt succeeds.
        let logger = Logger(label: "out") { _ in
            Handler { if $0.hasPrefix("Exporting failed. Will retry") { sender.end(.delivered) } }
        }
        let context = ComponentContext(
            id: ComponentID(type: "out"),
            logger: logger,
            eventLoopGroup: EmbeddedEventLoop(),
            report: { status in reports.all.withLock { $0.append(status) } },
            statuses: reports,
            shutdownTimeout: .seconds(1)
        )
        var queue = SendingQueueConfiguration()
        queue.merging = .off
        let exporter = try QueuedExporter(sender: sender, queue: queue, retry: RetryConfiguration(), context: context)
        for _ in 0..<2 { exporter.consume(TraceBatch(body: ByteBuffer(string: "x"), spanCount: 1)) { _ in } }
        sender.end(.retryable("away"))
        #expect(exporter.counters.sentSpans == 1)
        #expect(reports.all.withLock { $0.last } == .ok)
    }
}
