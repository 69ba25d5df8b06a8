import Collector

/// The `otlp_http` exporter: posts OTLP as protobuf or JSON, behind a queue with retries.
enum OTLPHTTPExporter {
    static let factory = ComponentFactory.exporter(
        type: "otlp_http",
        aliases: ["otlphttp"],
        stability: "beta",
        OTLPHTTPExporterConfiguration.self
    ) { configuration, context in
        var authenticator: (any ClientAuthenticator)?
        if let id = configuration.authenticator {
            authenticator = try context.clientAuthenticator(id)
        }
        let sender = try OTLPHTTPSender(configuration, authenticator: authenticator, logger: context.logger)
        let name = "\(context.id)"
        context.observe { [weak sender] sink in
            guard let sender else { return }
            sink.add(.partiallyRejectedSpans, sender.partiallyRejectedSpans, ["exporter": name])
        }
        return try QueuedExporter(
            sender: sender,
            queue: configuration.queue,
            retry: configuration.retry,
            context: context
        )
    }
}

extension MetricDescription {
    static let partiallyRejectedSpans = MetricDescription(
        "steptrace_exporter_partial_success_rejected_spans",
        .counter,
        unit: "{spans}",
        labels: ["exporter"],
        "Spans that the backend has rejected of requests that it took otherwise (partial success)."
    )
}
