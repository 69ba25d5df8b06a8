import Collector

/// The `otlp_http` exporter: posts OTLP as protobuf, behind a queue with retries.
enum OTLPHTTPExporter {
    static let factory = ComponentFactory.exporter(
        type: "otlp_http",
        aliases: ["otlphttp"],
        stability: "beta",
        OTLPHTTPExporterConfiguration.self
    ) { configuration, context in
        QueuedExporter(
            sender: try OTLPHTTPSender(configuration, logger: context.logger),
            queue: configuration.queue,
            retry: configuration.retry,
            context: context
        )
    }
}
