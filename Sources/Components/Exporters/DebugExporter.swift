import Collector
import Glibc
import Logging
import NIOCore
import OTLP
import ServiceLifecycle
import SwiftProtobuf
import Synchronization

/// The `debug` exporter: logs what passes, as the Collector's does. It decodes every batch: not for production.
final class DebugExporter: Service, TraceConsumer {
    typealias Request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest

    private let configuration: DebugExporterConfiguration
    private let context: ComponentContext
    private let sampling: Mutex<DebugSampling>
    private let sentSpans = Atomic(0)

    static let factory = ComponentFactory.exporter(
        type: "debug",
        stability: "alpha",
        DebugExporterConfiguration.self
    ) { DebugExporter($0, context: $1) }

    init(_ configuration: DebugExporterConfiguration, context: ComponentContext) {
        self.configuration = configuration
        self.context = context
        sampling = Mutex(
            DebugSampling(initial: configuration.samplingInitial, thereafter: configuration.samplingThereafter)
        )
        let name = "\(context.id)"
        context.observe { [weak self] sink in
            guard let self else { return }
            var counters = ExporterCounters()
            counters.sentSpans = sentSpans.load(ordering: .relaxed)
            counters.writeOutcome(to: &sink, exporter: name)
        }
    }

    var checksWellFormedness: Bool { true }

    func consume(_ batch: TraceBatch, _ completion: @escaping @Sendable (ConsumeResult) -> Void) {
        let request: Request
        do {
            request = try Request(serializedBytes: Array(batch.body.readableBytesView))
        } catch {
            return completion(.refused(ConsumeError(.malformed, "not an ExportTraceServiceRequest: \(error)")))
        }
        let spanCount = request.resourceSpans.reduce(0) { $0 + $1.scopeSpans.reduce(0) { $0 + $1.spans.count } }
        if sampling.withLock({ $0.shows(.now) }) { show(request, spanCount: spanCount) }
        sentSpans.add(spanCount, ordering: .relaxed)
        completion(.accepted(spanCount: spanCount))
    }

    private func show(_ request: Request, spanCount: Int) {
        let text: String? =
            switch configuration.verbosity {
            case .basic: nil
            case .normal: SpanText.lines(request)
            case .detailed: SpanText.details(request)
            }
        if configuration.useInternalLogger {
            context.logger.info(
                "Traces",
                metadata: [
                    "resource spans": .stringConvertible(request.resourceSpans.count),
                    "spans": .stringConvertible(spanCount),
                ]
            )
            if let text { context.logger.info("\(text)") }
        } else {
            let counts = "{\"resource spans\": \(request.resourceSpans.count), \"spans\": \(spanCount)}"
            Self.print("Traces\t\(counts)\n" + (text.map { $0 + "\n" } ?? ""))
        }
    }

    /// To standard output; what cannot be written is lost.
    private static func print(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }

    func run() async throws {
        context.report(.ok)
        try? await gracefulShutdown()
        context.report(.stopped)
    }
}
