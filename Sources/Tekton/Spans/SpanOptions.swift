/// How the spans are to look: the options of `tekton_steps` that concern them.
public struct SpanOptions: Sendable, Equatable {
    /// How a step's waiting, queueing and running is told.
    public enum StepTransitions: String, Sendable, CaseIterable {
        /// As events of the step's span.
        case events
        /// As child spans; the step's span then begins with `waiting`.
        case spans
        case none
    }

    public var stepTransitions: StepTransitions
    /// Spans for image pulls.
    public var imagePulls: Bool
    /// Spans for init containers.
    public var initContainers: Bool
    /// A span from the pod's creation until it was scheduled.
    public var schedule: Bool
    /// `service.name` of the added spans.
    public var serviceName: String
    /// More resource attributes, in this order.
    public var resourceAttributes: [SpanAttribute]
    /// With `{namespace}`, `{taskrun}`, `{pipelinerun}` and `{step}`; empty for none.
    public var taskRunURL: String

    public init(
        stepTransitions: StepTransitions = .events,
        imagePulls: Bool = true,
        initContainers: Bool = true,
        schedule: Bool = true,
        serviceName: String = "tekton-steps",
        resourceAttributes: [SpanAttribute] = [],
        taskRunURL: String = ""
    ) {
        self.stepTransitions = stepTransitions
        self.imagePulls = imagePulls
        self.initContainers = initContainers
        self.schedule = schedule
        self.serviceName = serviceName
        self.resourceAttributes = resourceAttributes
        self.taskRunURL = taskRunURL
    }
}
