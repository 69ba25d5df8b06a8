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

    /// Never negative. Times may be as a container has made them up.
    public var seconds: Double {
        let (length, overflow) = end.unixNanoseconds.subtractingReportingOverflow(start.unixNanoseconds)
        return Double(overflow ? (end > start ? .max : 0) : max(0, length)) / 1_000_000_000
    }
}
