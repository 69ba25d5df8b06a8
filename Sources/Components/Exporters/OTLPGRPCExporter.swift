import Collector

/// The `otlp_grpc` exporter: sends OTLP over gRPC, behind a queue with retries.
enum OTLPGRPCExporter {
    static let factory = ComponentFactory.exporter(
        type: "otlp_grpc",
        aliases: ["otlp"],
        stability: "beta",
        OTLPGRPCExporterConfiguration.self
    ) { configuration, context in
        try QueuedExporter(
            sender: OTLPGRPCSender(configuration, context: context),
            queue: configuration.queue,
            retry: configuration.retry,
            context: context
        )
    }
}
