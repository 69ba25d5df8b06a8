public import Kubernetes

extension TaskRun {
    private enum Key: String, JSONKey {
        case metadata, spec, status
        static let table = JSONKeyTable<Self>()
    }

    private enum SpecKey: String, JSONKey {
        case taskRef
        static let table = JSONKeyTable<Self>()
    }

    private enum NamedKey: String, JSONKey {
        case name
        static let table = JSONKeyTable<Self>()
    }

    private enum StatusKey: String, JSONKey {
        case spanContext, retriesStatus, taskSpec
        // Those of the current attempt.
        case podName, startTime, completionTime, conditions, steps
        static let table = JSONKeyTable<Self>()
    }

    private enum TaskSpecKey: String, JSONKey {
        case steps
        static let table = JSONKeyTable<Self>()
    }

    private enum CarrierKey: String, JSONKey {
        case traceparent, tracestate
        static let table = JSONKeyTable<Self>()
    }

    public init(reading reader: inout JSONReader) throws(JSONReadError) {
        var metadata: ObjectMeta?
        self.init(metadata: ObjectMeta(name: ""))
        var fields = try reader.fields(Key.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .metadata: metadata = try ObjectMeta(reading: &reader, keeping: Self.keptMetadata)
            case .spec:
                var spec = try reader.fieldsIfPresent(SpecKey.self)
                while try spec.next(in: &reader) != nil {
                    taskRefName = try reader.isNull() ? nil : try Self.name(reading: &reader).nonEmpty
                }
            case .status: try readStatus(&reader)
            }
        }
        guard let metadata else { throw fields.missing(.metadata) }
        self.metadata = metadata
    }

    private mutating func readStatus(_ reader: inout JSONReader) throws(JSONReadError) {
        var fields = try reader.fieldsIfPresent(StatusKey.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .spanContext: spanContext = try Self.spanContext(reading: &reader)
            case .retriesStatus:
                var elements = try reader.elementsIfPresent()
                while try elements.next(in: &reader) { retries.append(try AttemptStatus(reading: &reader)) }
            case .taskSpec:
                var taskSpec = try reader.fieldsIfPresent(TaskSpecKey.self)
                while try taskSpec.next(in: &reader) != nil {
                    var steps = try reader.elementsIfPresent()
                    while try steps.next(in: &reader) {
                        let name = try Self.name(reading: &reader).nonEmpty
                        specStepNames.append(name ?? "unnamed-\(specStepNames.count)")
                    }
                }
            case .podName: try status.read(.podName, from: &reader)
            case .startTime: try status.read(.startTime, from: &reader)
            case .completionTime: try status.read(.completionTime, from: &reader)
            case .conditions: try status.read(.conditions, from: &reader)
            case .steps: try status.read(.steps, from: &reader)
            }
        }
    }

    /// The field `name` of an object.
    private static func name(reading reader: inout JSONReader) throws(JSONReadError) -> String? {
        var name: String?
        var fields = try reader.fields(NamedKey.self)
        while try fields.next(in: &reader) != nil { name = try reader.sharedStringIfPresent() }
        return name
    }

    private static func spanContext(reading reader: inout JSONReader) throws(JSONReadError) -> SpanContext? {
        var traceparent: String?
        var traceState = ""
        var fields = try reader.fieldsIfPresent(CarrierKey.self)
        while let key = try fields.next(in: &reader) {
            switch key {
            case .traceparent: traceparent = try reader.stringIfPresent()
            case .tracestate: traceState = try reader.stringIfPresent() ?? ""
            }
        }
        return traceparent.flatMap { SpanContext(traceparent: $0, traceState: traceState) }
    }
}
