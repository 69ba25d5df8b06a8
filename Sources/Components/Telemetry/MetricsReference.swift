public import Collector

/// All metrics as Markdown, for docs/operations.md.
public enum MetricsReference {
    public static let sections: [(title: String, metrics: [MetricDescription])] = [
        ("Receivers", ReceiverCounters.descriptions),
        ("Processors", ProcessorItems.descriptions),
        ("batch", MetricDescription.batching),
        ("memory_limiter", [.memoryLimiterAccepted, .memoryLimiterRefused]),
        ("tekton_steps", TektonStepsMetrics.descriptions),
        ("Exporters", ExporterCounters.descriptions + [.partiallyRejectedSpans]),
        ("Configuration", MetricDescription.reloads),
        ("Process", ProcessMetrics.descriptions + LogSampler.descriptions),
    ]

    /// A table of all metrics.
    public static func markdown() -> String {
        var text = ""
        for (title, metrics) in sections {
            text += "| \(title) | Type | Labels | |\n|---|---|---|---|\n"
            for metric in metrics {
                let labels = metric.labels.map { "`\($0)`" }.joined(separator: ", ")
                text += "| `\(metric.name)` | \(metric.kind.rawValue) | \(labels) | \(metric.help) |\n"
            }
            text += "\n"
        }
        return String(text.dropLast())
    }
}
