import FoundationEssentials
import Kubernetes
public import OTLP

extension TektonSpan {
    /// The instrumentation scope of all added spans.
    public static let scopeName = "steptrace"

    /// The OTLP message. Attributes keep their order, so that the same facts give the same bytes.
    public var message: Opentelemetry_Proto_Trace_V1_Span {
        var message = Opentelemetry_Proto_Trace_V1_Span()
        message.traceID = Data(context.traceID.bytes)
        message.spanID = Data(spanID.bytes)
        message.traceState = context.traceState
        message.parentSpanID = Data(parentSpanID.bytes)
        message.flags = flags
        message.name = name
        message.kind = .internal
        message.startTimeUnixNano = start.unsigned
        message.endTimeUnixNano = end.unsigned
        message.attributes = attributes.map(\.message)
        message.events = events.map { event in
            var entry = Opentelemetry_Proto_Trace_V1_Span.Event()
            entry.timeUnixNano = event.time.unsigned
            entry.name = event.name
            entry.attributes = event.attributes.map(\.message)
            return entry
        }
        if case .error(let description) = status {
            message.status.code = .error
            message.status.message = description
        }
        return message
    }

    /// Groups spans by resource, in the order of their first span.
    public static func resourceSpans(
        _ spans: [TektonSpan],
        options: SpanOptions,
        version: String
    ) -> [Opentelemetry_Proto_Trace_V1_ResourceSpans] {
        var order: [SpanResource] = []
        var groups: [SpanResource: [Opentelemetry_Proto_Trace_V1_Span]] = [:]
        for span in spans {
            if groups[span.resource] == nil { order.append(span.resource) }
            groups[span.resource, default: []].append(span.message)
        }
        return order.map { resource in
            var scopeSpans = Opentelemetry_Proto_Trace_V1_ScopeSpans()
            scopeSpans.scope.name = scopeName
            scopeSpans.scope.version = version
            scopeSpans.spans = groups[resource] ?? []
            var message = Opentelemetry_Proto_Trace_V1_ResourceSpans()
            message.resource.attributes = resource.attributes(options).map(\.message)
            message.scopeSpans = [scopeSpans]
            return message
        }
    }
}

extension SpanResource {
    /// The keys of what is told of every resource.
    public static let keys = [
        "service.name", "k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid", "k8s.node.name", "cicd.pipeline.name",
        "cicd.pipeline.run.id",
    ]

    func attributes(_ options: SpanOptions) -> [SpanAttribute] {
        var attributes = SpanAttributes()
        attributes.add("service.name", options.serviceName)
        attributes.add("k8s.namespace.name", namespace)
        attributes.add("k8s.pod.name", podName)
        attributes.add("k8s.pod.uid", podUID)
        attributes.add("k8s.node.name", nodeName)
        attributes.add("cicd.pipeline.name", pipelineName)
        attributes.add("cicd.pipeline.run.id", pipelineRunUID)
        return attributes.all + options.resourceAttributes
    }
}

extension SpanAttribute {
    var message: Opentelemetry_Proto_Common_V1_KeyValue {
        var message = Opentelemetry_Proto_Common_V1_KeyValue()
        message.key = key
        switch value {
        case .string(let text): message.value.stringValue = text
        case .int(let number): message.value.intValue = Int64(number)
        case .strings(let texts):
            message.value.arrayValue.values = texts.map { text in
                var value = Opentelemetry_Proto_Common_V1_AnyValue()
                value.stringValue = text
                return value
            }
        }
        return message
    }
}

extension KubernetesTime {
    fileprivate var unsigned: UInt64 { UInt64(max(0, unixNanoseconds)) }
}
