import Collector
import Logging
import NIOCore
import NIOPosix
import OTLP
import ServiceLifecycle
import Synchronization

/// The `file` exporter: writes requests to a file, one behind the other. It answers when a request is written, and
/// writes on a thread of its own.
final class FileExporter: Service, TraceConsumer, ExclusiveComponent {
    /// Sendable because only the exporter's one thread uses it.
    private final class Output: @unchecked Sendable {
        var file: RotatingFile

        init(_ file: consuming RotatingFile) { self.file = file }
    }

    /// Bytes that wait to be written; more are refused.
    static let maximumPending = 32 << 20

    /// Two would write into each other.
    let isExclusive = true

    private let format: FileExporterConfiguration.Format
    private let context: ComponentContext
    private let output: Output
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let pending = Atomic(0)
    private let isFailing = Atomic(false)
    private let sentSpans = Atomic(0)
    private let refusedSpans = Atomic(0)

    static let factory = ComponentFactory.exporter(
        type: "file",
        stability: "alpha",
        FileExporterConfiguration.self
    ) { FileExporter($0, context: $1) }

    /// - Parameter opened: what has been opened since the program was started.
    init(_ configuration: FileExporterConfiguration, context: ComponentContext, opened: OpenedFiles = .shared) {
        format = configuration.format
        self.context = context
        output = Output(RotatingFile(configuration, opened: opened))
        thread.start()
        let name = "\(context.id)"
        context.observe { [weak self] sink in
            guard let self else { return }
            var counters = ExporterCounters()
            counters.sentSpans = sentSpans.load(ordering: .relaxed)
            counters.enqueueFailedSpans = refusedSpans.load(ordering: .relaxed)
            counters.writeOutcome(to: &sink, exporter: name)
        }
    }

    // It may never have been run.
    deinit { thread.shutdownGracefully { _ in } }

    func consume(_ batch: TraceBatch, _ completion: @escaping @Sendable (ConsumeResult) -> Void) {
        let bytes = batch.byteCount
        let completion: @Sendable (ConsumeResult) -> Void = { [self] result in
            switch result {
            case .accepted: sentSpans.add(batch.spanCount, ordering: .relaxed)
            case .refused: refusedSpans.add(batch.spanCount, ordering: .relaxed)
            }
            completion(result)
        }
        guard pending.add(bytes, ordering: .relaxed).newValue <= Self.maximumPending else {
            pending.subtract(bytes, ordering: .relaxed)
            return completion(.refused(ConsumeError(.unavailable, "the file is written too slowly: try again later")))
        }
        thread.submit { [self] state in
            defer { pending.subtract(bytes, ordering: .relaxed) }
            guard case .active = state else {
                return completion(.refused(ConsumeError(.unavailable, "the exporter is stopping")))
            }
            completion(write(batch))
        }
    }

    /// On the exporter's thread.
    private func write(_ batch: TraceBatch) -> ConsumeResult {
        let record: [UInt8]
        switch format {
        case .proto:
            let length = withUnsafeBytes(of: UInt32(batch.byteCount).bigEndian) { Array($0) }
            record = length + batch.body.readableBytesView
        case .json:
            do {
                record = try OTLPJSON.encode(batch.body.readableBytesSpan) + [0x0A]
            } catch {
                return .refused(ConsumeError(.malformed, "not an ExportTraceServiceRequest: \(error)"))
            }
        }
        do {
            try output.file.write(record)
        } catch {
            if !isFailing.exchange(true, ordering: .relaxed) {
                context.logger.error(
                    "Writing failed. Batches are refused until it works.",
                    metadata: ["error": "\(error)"]
                )
                context.report(.recoverableError("\(error)"))
            }
            return .refused(ConsumeError(.unavailable, "\(error)"))
        }
        if isFailing.exchange(false, ordering: .relaxed) {
            context.logger.info("Writing works again.")
            context.report(.ok)
        }
        return .accepted(spanCount: batch.spanCount)
    }

    /// - Throws: when the file cannot be opened.
    func run() async throws {
        try await thread.runIfActive { [output] in try output.file.open() }
        context.report(.ok)
        try? await gracefulShutdown()
        // The thread takes what it is given in order: with this done, all is written.
        try? await thread.runIfActive {}
        try? await thread.shutdownGracefully()
        context.report(.stopped)
    }
}
