public import Kubernetes
public import OTLP

/// A span that steptrace adds to a trace: a fact of an attempt that will not change any more.
public struct TektonSpan: Sendable, Equatable {
    /// What it tells of; part of the span's identity.
    public enum Kind: String, Sendable, CaseIterable {
        case taskRun = "taskrun"
        case schedule
        case pull
        case initContainer = "init"
        case step
        case waiting
        case queued
        case running
    }

    /// Set to `error` for what failed; never to OK (OpenTelemetry, docs/general/recording-errors.md).
    public enum Status: Sendable, Equatable {
        case unset
        case error(description: String)
    }

    public struct Event: Sendable, Equatable {
        public let name: String
        public let time: KubernetesTime
        public let attributes: [SpanAttribute]
    }

    public let kind: Kind
    public let name: String
    public let context: SpanContext
    public let spanID: SpanID
    public let parentSpanID: SpanID
    public var start: KubernetesTime
    public var end: KubernetesTime
    public var status: Status
    public var attributes: [SpanAttribute]
    public var events: [Event]
    /// What the span is about, as an OTLP resource.
    public let resource: SpanResource
    /// Of spans that tell of a step or a TaskRun.
    public var measurement: SpanMeasurement?

    /// The span's flags (OTLP `SpanFlags`): sampled, and whether its parent is known to be remote, as the one of
    /// `status.spanContext` is.
    var flags: UInt32 { kind == .taskRun ? 0x301 : 0x101 }
}

/// The pod of an attempt and the run it belongs to. Spans of one resource are sent together.
public struct SpanResource: Sendable, Hashable {
    public var namespace: String
    public var podName: String?
    public var podUID: String?
    public var nodeName: String?
    public var pipelineName: String?
    public var pipelineRunUID: String?
}

/// A key and a value that is never empty.
public struct SpanAttribute: Sendable, Equatable {
    public enum Value: Sendable, Equatable {
        case string(String)
        case int(Int)
        case strings([String])
    }

    public let key: String
    public let value: Value

    public init(_ key: String, _ value: Value) {
        self.key = key
        self.value = value
    }
}

/// Attributes in the order of SPANS.md; absent and empty facts are left out.
struct SpanAttributes {
    private(set) var all: [SpanAttribute] = []

    mutating func add(_ key: String, _ value: String?) {
        guard let value, !value.isEmpty else { return }
        all.append(SpanAttribute(key, .string(value)))
    }

    mutating func add(_ key: String, _ value: Int?) {
        guard let value else { return }
        all.append(SpanAttribute(key, .int(value)))
    }

    mutating func add(_ key: String, _ values: [String]) {
        guard !values.isEmpty else { return }
        all.append(SpanAttribute(key, .strings(values)))
    }
}
