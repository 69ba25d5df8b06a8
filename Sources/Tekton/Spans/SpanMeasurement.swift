public import Kubernetes

/// How long a step or an attempt of a TaskRun took, for metrics.
public struct SpanMeasurement: Sendable, Equatable {
    /// Nil for the TaskRun itself.
    public let step: String?
    /// Empty for a TaskRun without a Task of its own.
    public let task: String
    public let namespace: String
    /// `cicd.pipeline.task.run.result`
    public let result: String
    public let start: KubernetesTime
    public let end: KubernetesTime

    /// Never negative.
    public var seconds: Double { Double(max(0, end.unixNanoseconds - start.unixNanoseconds)) / 1_000_000_000 }
}
