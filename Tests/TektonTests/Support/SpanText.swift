import Kubernetes

@testable import Tekton

/// Spans as text, for comparison with what stands in Tests/Fixtures/spans.
enum SpanText {
    /// Times in seconds since `epoch`.
    static func render(_ spans: [TektonSpan], since epoch: KubernetesTime) -> String {
        spans.map { render($0, since: epoch) }.joined(separator: "\n")
    }

    private static func render(_ span: TektonSpan, since epoch: KubernetesTime) -> String {
        var lines = ["\(span.name) [\(offset(span.start, epoch)) - \(offset(span.end, epoch))]"]
        lines.append("  id \(span.spanID) below \(span.parentSpanID) in \(span.context.traceID)")
        if case .error(let description) = span.status { lines.append("  ERROR \(description)") }
        for attribute in span.attributes { lines.append("  \(attribute.key) = \(text(attribute.value))") }
        for event in span.events {
            let attributes = event.attributes.map { "\($0.key) = \(text($0.value))" }.joined(separator: ", ")
            lines.append("  event \(event.name) at \(offset(event.time, epoch)) {\(attributes)}")
        }
        let resource = span.resource
        let facts = [
            resource.namespace, resource.podName, resource.podUID, resource.nodeName, resource.pipelineName,
            resource.pipelineRunUID,
        ]
        lines.append("  of " + facts.map { $0 ?? "-" }.joined(separator: " "))
        return lines.joined(separator: "\n")
    }

    private static func offset(_ time: KubernetesTime, _ epoch: KubernetesTime) -> String {
        let milliseconds = (time.unixNanoseconds - epoch.unixNanoseconds) / 1_000_000
        let fraction = String(1000 + abs(milliseconds) % 1000).dropFirst()
        return (milliseconds < 0 ? "-" : "") + "\(abs(milliseconds) / 1000).\(fraction)"
    }

    private static func text(_ value: SpanAttribute.Value) -> String {
        switch value {
        case .string(let text): text
        case .int(let number): "\(number)"
        case .strings(let texts): "[" + texts.joined(separator: ", ") + "]"
        }
    }
}
