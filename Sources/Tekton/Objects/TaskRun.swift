public import Kubernetes

/// What steptrace uses of a TaskRun (tektoncd/pipeline `pkg/apis/pipeline/v1/taskrun_types.go`); v1beta1 agrees in these fields.
public struct TaskRun: KubernetesResource, Equatable {
    public static let resource = APIResource(group: "tekton.dev", versions: ["v1", "v1beta1"], plural: "taskruns")
    public static let keptMetadata = KeptMetadata(
        labels: [Label.pipeline, Label.pipelineRun, Label.pipelineRunUID, Label.pipelineTask, Label.task]
    )

    public var metadata: ObjectMeta
    /// `spec.taskRef.name`.
    public var taskRefName: String?
    public var status: AttemptStatus
    /// `status.spanContext`; overwritten when a second reconcile ran on a stale cache.
    public var spanContext: SpanContext?
    /// `status.retriesStatus`: the attempts before this one, oldest first.
    public var retries: [AttemptStatus]
    /// Names of `status.taskSpec.steps`, in the order of the specification; an unnamed one is `unnamed-<index>`.
    public var specStepNames: [String]

    public init(
        metadata: ObjectMeta,
        taskRefName: String? = nil,
        status: AttemptStatus = AttemptStatus(),
        spanContext: SpanContext? = nil,
        retries: [AttemptStatus] = [],
        specStepNames: [String] = []
    ) {
        self.metadata = metadata
        self.taskRefName = taskRefName
        self.status = status
        self.spanContext = spanContext
        self.retries = retries
        self.specStepNames = specStepNames
    }
}

extension TaskRun {
    /// The labels that steptrace reads; the rest is not kept.
    public enum Label {
        public static let pipeline = "tekton.dev/pipeline"
        public static let pipelineRun = "tekton.dev/pipelineRun"
        public static let pipelineRunUID = "tekton.dev/pipelineRunUID"
        public static let pipelineTask = "tekton.dev/pipelineTask"
        public static let task = "tekton.dev/task"
    }

    public var pipelineRunName: String? { metadata.labels[Label.pipelineRun] }

    public var pipelineTaskName: String? { metadata.labels[Label.pipelineTask] }

    public var pipelineName: String? { metadata.labels[Label.pipeline] }

    /// UID of the PipelineRun: from the label (since v0.51), else from the owner.
    public var pipelineRunUID: String? {
        metadata.labels[Label.pipelineRunUID]
            ?? metadata.ownerReferences.first { $0.kind == "PipelineRun" }?.uid
    }

    /// The name a person would call the task by; nil for an embedded task outside of a pipeline.
    public var taskName: String? {
        pipelineTaskName ?? metadata.labels[Label.task] ?? taskRefName
    }
}

extension String? {
    /// Tekton writes "" where it means "none" (`podName` of a TaskRun without one).
    var nonEmpty: String? {
        switch self {
        case .some(let text) where !text.isEmpty: text
        default: nil
        }
    }
}
