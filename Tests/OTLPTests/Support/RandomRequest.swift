import FoundationEssentials
import OTLP
import SwiftProtobuf
import TestSupport

private typealias AnyValue = Opentelemetry_Proto_Common_V1_AnyValue
private typealias KeyValue = Opentelemetry_Proto_Common_V1_KeyValue
private typealias Span = Opentelemetry_Proto_Trace_V1_Span

/// Requests in which every field of OTLP turns up now and then, some under the names that are looked for.
struct RandomRequest {
    var generator: SeededGenerator

    mutating func make() -> Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest {
        .with { request in request.resourceSpans = some(3) { $0.resourceSpans() } }
    }

    mutating func resourceSpans() -> Opentelemetry_Proto_Trace_V1_ResourceSpans {
        .with { message in
            if !generator.oneIn(4) {
                message.resource.attributes = some(4) { $0.attribute(depth: 0) }
                message.resource.droppedAttributesCount = number()
                message.resource.entityRefs = some(2) { random in
                    .with {
                        $0.schemaURL = random.string()
                        $0.type = random.string()
                        $0.idKeys = random.some(3) { $0.string() }
                        $0.descriptionKeys = random.some(3) { $0.string() }
                    }
                }
            }
            message.scopeSpans = some(3) { $0.scopeSpans() }
            message.schemaURL = string()
        }
    }

    private mutating func scopeSpans() -> Opentelemetry_Proto_Trace_V1_ScopeSpans {
        .with { message in
            if !generator.oneIn(4) {
                message.scope.name = string()
                message.scope.version = string()
                message.scope.attributes = some(2) { $0.attribute(depth: 0) }
                message.scope.droppedAttributesCount = number()
            }
            message.spans = some(4) { $0.span() }
            message.schemaURL = string()
        }
    }

    private mutating func span() -> Span {
        .with { span in
            span.traceID = id(16)
            span.spanID = id(8)
            span.parentSpanID = id(8)
            span.traceState = string()
            span.flags = number()
            span.name = string()
            span.kind = Span.SpanKind(rawValue: Int.random(in: -1...7, using: &generator)) ?? .unspecified
            span.startTimeUnixNano = UInt64(number())
            span.endTimeUnixNano = generator.next()
            span.attributes = some(6) { $0.attribute(depth: 0) }
            span.droppedAttributesCount = number()
            span.events = some(2) { random in
                .with {
                    $0.timeUnixNano = random.generator.next()
                    $0.name = random.string()
                    $0.attributes = random.some(2) { $0.attribute(depth: 0) }
                }
            }
            span.droppedEventsCount = number()
            span.links = some(2) { random in
                .with {
                    $0.traceID = random.id(16)
                    $0.spanID = random.id(8)
                    $0.traceState = random.string()
                    $0.attributes = random.some(2) { $0.attribute(depth: 0) }
                    $0.flags = random.number()
                }
            }
            span.droppedLinksCount = number()
            if generator.oneIn(2) {
                span.status.message = string()
                span.status.code = generator.oneIn(2) ? .error : .ok
            }
        }
    }

    private mutating func attribute(depth: Int) -> KeyValue {
        let keys = ["taskrun", "namespace", "tekton.task_run.name", "k8s.namespace.name", "taskrux", "namespaces"]
        return .with { attribute in
            attribute.key = generator.oneIn(3) ? string() : keys[Int.random(in: 0..<keys.count, using: &generator)]
            if !generator.oneIn(6) { attribute.value = value(depth: depth) }
        }
    }

    private mutating func value(depth: Int) -> AnyValue {
        .with { value in
            switch Int.random(in: 0..<12, using: &generator) {
            case 0: break
            case 1: value.boolValue = generator.oneIn(2)
            case 2: value.intValue = Int64(bitPattern: generator.next())
            case 3: value.doubleValue = Double.random(in: -1...1, using: &generator)
            case 4: value.bytesValue = Data(generator.bytes(Int.random(in: 0..<20, using: &generator)))
            case 5 where depth < 5: value.arrayValue.values = some(3) { $0.value(depth: depth + 1) }
            case 6 where depth < 5: value.kvlistValue.values = some(3) { $0.attribute(depth: depth + 1) }
            case 7: value.stringValueStrindex = Int32(truncatingIfNeeded: generator.next())
            default: value.stringValue = string()
            }
        }
    }

    private mutating func string() -> String {
        if generator.oneIn(5) { return "" }
        let alphabet = ["a", "b", "c", "d", "-", "0", "\u{0}", "\u{7F}", "\u{80}", "\u{E9}", "\u{4E2D}", "\u{1F680}"]
        let letters = generator.oneIn(3) ? alphabet.count : 6
        let length = Int.random(in: 1...(generator.oneIn(10) ? 200 : 20), using: &generator)
        return (0..<length).map { _ in alphabet[Int.random(in: 0..<letters, using: &generator)] }.joined()
    }

    private mutating func id(_ length: Int) -> Data {
        generator.oneIn(8) ? Data() : Data(generator.bytes(length))
    }

    private mutating func number() -> UInt32 {
        generator.oneIn(2) ? 0 : UInt32(truncatingIfNeeded: generator.next())
    }

    private mutating func some<Element>(_ limit: Int, _ make: (inout Self) -> Element) -> [Element] {
        (0..<Int.random(in: 0...limit, using: &generator)).map { _ in make(&self) }
    }
}
