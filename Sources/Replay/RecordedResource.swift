/// The resources that recordings hold.
public enum RecordedResource: String, Sendable, CaseIterable, Comparable {
    case pipelineRuns = "pipelineruns"
    case taskRuns = "taskruns"
    case pods
    case events

    public var kind: String {
        switch self {
        case .pipelineRuns: "PipelineRun"
        case .taskRuns: "TaskRun"
        case .pods: "Pod"
        case .events: "Event"
        }
    }

    public var apiVersion: String { isTekton ? "tekton.dev/v1" : "v1" }

    var isTekton: Bool { self == .pipelineRuns || self == .taskRuns }

    public static func < (left: RecordedResource, right: RecordedResource) -> Bool { left.rawValue < right.rawValue }
}
