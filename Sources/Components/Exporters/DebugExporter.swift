import Collector
import Logging
import NIOCore
import OTLP
import ServiceLifecycle
import SwiftProtobuf

/// The `debug` exporter: logs what passes, as the Collector's does. It decodes every batch: not for production.
final class DebugExporter: Service, TraceConsumer {
    typealias Request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest

    private let verbosity: DebugExporterConfiguration.Verbosity
    private let context: ComponentContext

    static let factory = ComponentFactory.exporter(
        type: "debug",
        stability: "alpha",
        DebugExporterConfiguration.self
    ) { DebugExporter($0, context: $1) }

    init(_ configuration: DebugExporterConfiguration, context: ComponentContext) {
        verbosity = configuration.verbosity
        self.context = context
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
        context.logger.info(
            "Traces",
            metadata: [
                "resource spans": .stringConvertible(request.resourceSpans.count),
                "spans": .stringConvertible(spanCount),
            ]
        )
        switch verbosity {
        case .basic: break
        case .normal: context.logger.info("\(SpanText.lines(request))")
        case .detailed: context.logger.info("\(SpanText.details(request))")
        }
        completion(.accepted(spanCount: spanCount))
    }

    func run() async throws {
        context.report(.ok)
        try? await gracefulShutdown()
        context.report(.stopped)
    }
}
