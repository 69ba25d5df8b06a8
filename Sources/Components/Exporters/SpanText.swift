import FoundationEssentials
import OTLP

/// Spans as text, laid out like the Collector's debug exporter.
enum SpanText {
    typealias Request = Opentelemetry_Proto_Collector_Trace_V1_ExportTraceServiceRequest
    typealias Span = Opentelemetry_Proto_Trace_V1_Span
    typealias KeyValue = Opentelemetry_Proto_Common_V1_KeyValue
    typealias AnyValue = Opentelemetry_Proto_Common_V1_AnyValue

    /// A line for each span: name, ids, attributes.
    static func lines(_ request: Request) -> String {
        var lines: [String] = []
        for (index, resourceSpans) in request.resourceSpans.enumerated() {
            lines.append(line(["ResourceTraces #\(index)"], resourceSpans.resource.attributes))
            for (index, scopeSpans) in resourceSpans.scopeSpans.enumerated() {
                let scope = scopeSpans.scope
                lines.append(line(["ScopeTraces #\(index)", scope.name], scope.attributes))
                for span in scopeSpans.spans {
                    lines.append(line([span.name, hex(span.traceID), hex(span.spanID)], span.attributes))
                }
            }
        }
        return text(lines)
    }

    private static func line(_ words: [String], _ attributes: [KeyValue]) -> String {
        (words + attributes.map { "\($0.key)=\(plain($0.value))" }).filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// Everything in a request.
    static func details(_ request: Request) -> String {
        var lines: [String] = []
        for (index, resourceSpans) in request.resourceSpans.enumerated() {
            lines.append("ResourceSpans #\(index)")
            lines.append("Resource SchemaURL: \(resourceSpans.schemaURL)")
            append(resourceSpans.resource.attributes, under: "Resource attributes:", to: &lines)
            for (index, scopeSpans) in resourceSpans.scopeSpans.enumerated() {
                lines.append("ScopeSpans #\(index)")
                lines.append("ScopeSpans SchemaURL: \(scopeSpans.schemaURL)")
                lines.append("InstrumentationScope \(scopeSpans.scope.name) \(scopeSpans.scope.version)")
                append(scopeSpans.scope.attributes, under: "InstrumentationScope attributes:", to: &lines)
                for (index, span) in scopeSpans.spans.enumerated() {
                    lines.append("Span #\(index)")
                    append(span, to: &lines)
                }
            }
        }
        return text(lines)
    }

    /// A line break within a name or a value would let whoever sends spans write lines of their own into the log.
    private static func text(_ lines: [String]) -> String {
        lines.map { line in
            guard line.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
                return line
            }
            var escaped = ""
            for scalar in line.unicodeScalars {
                if scalar.properties.generalCategory == .control {
                    escaped += scalar.escaped(asASCII: true)
                } else {
                    escaped.unicodeScalars.append(scalar)
                }
            }
            return escaped
        }.joined(separator: "\n")
    }

    private static func append(_ span: Span, to lines: inout [String]) {
        lines.append("    Trace ID       : \(hex(span.traceID))")
        lines.append("    Parent ID      : \(hex(span.parentSpanID))")
        lines.append("    ID             : \(hex(span.spanID))")
        lines.append("    Name           : \(span.name)")
        lines.append("    Kind           : \(kind(span.kind))")
        if !span.traceState.isEmpty { lines.append("    TraceState     : \(span.traceState)") }
        lines.append("    Start time     : \(time(span.startTimeUnixNano))")
        lines.append("    End time       : \(time(span.endTimeUnixNano))")
        lines.append("    Status code    : \(code(span.status.code))")
        lines.append("    Status message : \(span.status.message)")
        append(span.attributes, under: "Attributes:", to: &lines)
        for (index, event) in span.events.enumerated() {
            if index == 0 { lines.append("Events:") }
            lines.append("SpanEvent #\(index)")
            lines.append("     -> Name: \(event.name)")
            lines.append("     -> Timestamp: \(time(event.timeUnixNano))")
            append(event.attributes, under: "     -> Attributes::", indentedBy: "          ", to: &lines)
        }
        for (index, link) in span.links.enumerated() {
            if index == 0 { lines.append("Links:") }
            lines.append("SpanLink #\(index)")
            lines.append("     -> Trace ID: \(hex(link.traceID))")
            lines.append("     -> ID: \(hex(link.spanID))")
            append(link.attributes, under: "     -> Attributes::", indentedBy: "          ", to: &lines)
        }
    }

    private static func append(
        _ attributes: [KeyValue],
        under title: String,
        indentedBy indent: String = "     ",
        to lines: inout [String]
    ) {
        guard !attributes.isEmpty else { return }
        lines.append(title)
        for attribute in attributes { lines.append("\(indent)-> \(attribute.key): \(typed(attribute.value))") }
    }

    // MARK: Values

    private static func plain(_ value: AnyValue) -> String {
        switch value.value {
        case nil: ""
        case .stringValue(let value): value
        case .boolValue(let value): "\(value)"
        case .intValue(let value): "\(value)"
        case .doubleValue(let value): "\(value)"
        case .bytesValue(let value): hex(value)
        case .arrayValue(let array): "[" + array.values.map(plain).joined(separator: ",") + "]"
        case .kvlistValue(let list):
            "{" + list.values.map { "\($0.key):\(plain($0.value))" }.joined(separator: ",") + "}"
        case .stringValueStrindex(let index): "#\(index)"
        }
    }

    private static func typed(_ value: AnyValue) -> String {
        let type =
            switch value.value {
            case nil: "Empty"
            case .stringValue: "Str"
            case .boolValue: "Bool"
            case .intValue: "Int"
            case .doubleValue: "Double"
            case .bytesValue: "Bytes"
            case .arrayValue: "Slice"
            case .kvlistValue: "Map"
            case .stringValueStrindex: "StrIndex"
            }
        return "\(type)(\(plain(value)))"
    }

    private static func kind(_ kind: Span.SpanKind) -> String {
        switch kind {
        case .unspecified: "Unspecified"
        case .internal: "Internal"
        case .server: "Server"
        case .client: "Client"
        case .producer: "Producer"
        case .consumer: "Consumer"
        case .UNRECOGNIZED(let value): "\(value)"
        }
    }

    private static func code(_ code: Opentelemetry_Proto_Trace_V1_Status.StatusCode) -> String {
        switch code {
        case .unset: "Unset"
        case .ok: "Ok"
        case .error: "Error"
        case .UNRECOGNIZED(let value): "\(value)"
        }
    }

    /// UTC with nanoseconds.
    private static func time(_ nanoseconds: UInt64) -> String {
        let (seconds, fraction) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let date = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601).dropLast()
        return "\(date).\(String(String(1_000_000_000 + fraction).dropFirst()))Z"
    }

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef")
        return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
