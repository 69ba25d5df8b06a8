import Kubernetes
import OTLP

/// The spans of one attempt, as a pure function of what Kubernetes knows about it: no clock, no memory of what was sent.
///
/// Rules: docs/spans.md. A span is given with the mark whether it is final; one that is not may still change or vanish.
public struct AttemptSpans: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        public let span: TektonSpan
        public let isFinal: Bool
    }

    /// Children first, the span of the TaskRun itself last; empty as long as nothing may be emitted.
    public private(set) var entries: [Entry] = []
    /// All spans are final, and there will be no other.
    public private(set) var isComplete = false

    /// The spans that are final.
    public var final: [TektonSpan] { entries.filter(\.isFinal).map(\.span) }

    /// - Parameters:
    ///   - attempt: with its pods; see `TaskRun.attempts`.
    ///   - context: where the spans go. Nothing is emitted for a context that is not sampled.
    public init(taskRun: TaskRun, attempt: Attempt, context: SpanContext, options: SpanOptions) {
        // Until a container has started, a second reconcile on a stale cache may overwrite the span context. The pod's
        // watch may be ahead of the TaskRun's, so the TaskRun must have heard of the containers too.
        let hasStarted =
            attempt.status.knowsContainers && attempt.pods.contains { $0.pod.hasStartedContainer }
        let isOpen = attempt.isOver || hasStarted
        guard context.isSampled, isOpen else { return }
        var builder = AttemptSpanBuilder(taskRun: taskRun, attempt: attempt, context: context, options: options)
        builder.build()
        entries = builder.entries
        isComplete = attempt.isOver && !entries.isEmpty && entries.allSatisfy(\.isFinal)
    }
}

/// Collects the spans of one attempt.
private struct AttemptSpanBuilder {
    /// One of the attempt's pods.
    struct Part {
        let facts: Attempt.PodFacts
        let timeline: StepTimeline
        /// The attempt is over, and this is its last pod: what failed here is not made good by another pod.
        let isOver: Bool

        var pod: Pod { facts.pod }

        /// What a pod is called and where it runs is known once a container has started, or nothing more will. Until then
        /// its watch may be behind.
        var isPlaced: Bool { pod.hasStartedContainer || isOver && timeline.isSettled }
    }

    let taskRun: TaskRun
    let attempt: Attempt
    let context: SpanContext
    let options: SpanOptions
    let parts: [Part]
    let outcome: AttemptOutcome?
    var entries: [AttemptSpans.Entry] = []

    init(taskRun: TaskRun, attempt: Attempt, context: SpanContext, options: SpanOptions) {
        self.taskRun = taskRun
        self.attempt = attempt
        self.context = context
        self.options = options
        let last = attempt.pods.count - 1
        let end = attempt.status.completion ?? taskRun.metadata.deletionTimestamp
        let stepTimedOut = Self.stepTimedOut(pods: attempt.pods.map(\.pod), status: attempt.status)
        let outcome =
            attempt.isOver ? AttemptOutcome(attempt.status, stepTimedOut: stepTimedOut, end: end) : nil
        parts = attempt.pods.enumerated().map { index, facts in
            // A pod that is deleted may be made anew under its name, which its watch may only tell later.
            let isLeaving = facts.isGone || facts.pod.metadata.deletionTimestamp != nil
            let isOver = attempt.isOver && index == last && (attempt.isSettled || !isLeaving)
            let timeline = StepTimeline(
                pod: facts.pod,
                attempt: attempt,
                outcome: outcome,
                attemptEnd: end,
                isOver: isOver,
                isClosed: facts.isGone && isOver || attempt.isAbandoned || index < last
            )
            return Part(facts: facts, timeline: timeline, isOver: isOver)
        }
        self.outcome = outcome
    }

    private static func stepTimedOut(pods: [Pod], status: AttemptStatus) -> Bool {
        guard let pod = pods.last else {
            return status.steps.contains { $0.terminationReason == "TimeoutExceeded" }
        }
        return pod.steps.contains { pod.state(of: $0.name)?.terminated?.message?.reason == "TimeoutExceeded" }
    }

    mutating func build() {
        for part in parts {
            addSchedule(part)
            addPulls(part)
            addInitContainers(part)
            addSteps(part)
        }
        keepFirstFinal()
        addTaskRun()
    }

    /// Of the spans that two pods of one name give, the first that was final counts: it may have been sent before the
    /// second pod was there.
    private mutating func keepFirstFinal() {
        guard parts.count > 1 else { return }
        var kept: [AttemptSpans.Entry] = []
        for entry in entries {
            if let index = kept.firstIndex(where: { $0.span.spanID == entry.span.spanID }) {
                if !kept[index].isFinal { kept[index] = entry }
            } else {
                kept.append(entry)
            }
        }
        // Phases stand below the step of their own pod; that of another may not have all of them.
        let steps = kept.map(\.span).filter { $0.kind == .step }
        kept.removeAll { entry in
            steps.contains {
                $0.spanID == entry.span.parentSpanID && $0.resource.podUID != entry.span.resource.podUID
            }
        }
        // What only an earlier pod tells is final once the last can tell nothing more.
        let isSettled = parts.last?.isOver == true && parts.allSatisfy(\.timeline.isSettled)
        entries = kept.map { entry in
            let isSuperseded = entry.span.resource.podUID != parts.last?.pod.metadata.uid
            return AttemptSpans.Entry(span: entry.span, isFinal: entry.isFinal || isSuperseded && isSettled)
        }
    }
}

// MARK: - Parts of the pod

extension AttemptSpanBuilder {
    private mutating func addSchedule(_ part: Part) {
        guard options.schedule, let created = part.pod.metadata.creationTimestamp else { return }
        let scheduled = part.pod.scheduled
        let end: KubernetesTime
        let reason: String?
        let isFinal: Bool
        if scheduled?.status == "True", let time = scheduled?.lastTransitionTime {
            end = time
            reason = part.facts.events.schedulingFailed ? "FailedScheduling" : nil
            isFinal = part.facts.isSchedulingTold && part.isPlaced
        } else {
            guard part.isOver else { return }
            end = outcome?.end ?? part.pod.metadata.deletionTimestamp ?? created
            reason = scheduled?.reason
            isFinal = part.timeline.isSettled
        }
        var attributes = commonAttributes()
        attributes.add("k8s.node.name", part.pod.nodeName)
        attributes.add("reason", reason)
        add(
            .schedule,
            "schedule",
            part.pod,
            from: created,
            to: end,
            attributes: attributes.all,
            isFinal: isFinal
        )
    }

    private mutating func addPulls(_ part: Part) {
        guard options.imagePulls else { return }
        for container in part.pod.trueInitContainers + part.pod.steps {
            guard let pull = part.facts.events.pulls[container.name], let began = pull.began else { continue }
            guard let end = pull.succeeded ?? pull.failed else { continue }
            let image = ImageReference(container.image ?? "")
            let hasFailed = pull.succeeded == nil
            var attributes = commonAttributes()
            attributes.add("container.image.name", image.name)
            attributes.add("container.image.tags", image.tag.map { [$0] } ?? [])
            attributes.add("k8s.container.name", container.name)
            attributes.add("container.image.size", pull.imageSize)
            attributes.add("error.type", hasFailed ? "ErrImagePull" : nil)
            add(
                .pull,
                "pull \(image.name)",
                part.pod,
                identifiedBy: container.name,
                from: began,
                to: end,
                status: hasFailed ? .error(description: pull.failure?.cutAsDescription ?? "") : .unset,
                attributes: attributes.all,
                // A pull that failed may be tried again as long as the attempt goes on.
                isFinal: part.isPlaced && (!hasFailed || part.isOver && attempt.isSettled)
            )
        }
    }

    private mutating func addInitContainers(_ part: Part) {
        guard options.initContainers else { return }
        for container in part.pod.trueInitContainers {
            guard let terminated = part.pod.state(of: container.name)?.terminated,
                let start = terminated.startedAt ?? (terminated.couldNotStart ? terminated.finishedAt : nil)
            else { continue }
            let result = ContainerOutcome(
                exitCode: terminated.exitCode,
                terminated: terminated,
                message: nil,
                pod: part.pod,
                attempt: outcome
            )
            var attributes = commonAttributes()
            attributes.add("k8s.container.name", container.name)
            attributes.add("process.exit.code", terminated.exitCode)
            attributes.add("k8s.container.status.reason", terminated.reason)
            attributes.add("error.type", result.errorType)
            add(
                .initContainer,
                "init \(container.name)",
                part.pod,
                identifiedBy: container.name,
                from: start,
                to: terminated.finishedAt ?? start,
                status: result.errorType == nil ? .unset : .error(description: result.description),
                attributes: attributes.all,
                isFinal: terminated.exitCode == 0 || part.isOver
            )
        }
    }

    private mutating func addSteps(_ part: Part) {
        for step in part.timeline.steps {
            guard case .ran(let run) = step.state else { continue }
            addStep(step, run, part.pod)
        }
    }

    private mutating func addStep(_ step: StepTimeline.Step, _ run: StepTimeline.Run, _ pod: Pod) {
        let container = step.container
        let name = container.stepName
        let result = ContainerOutcome(
            exitCode: run.exitCode,
            terminated: run.terminated,
            message: run.terminated.message,
            pod: pod,
            attempt: outcome,
            isFollowedBySkip: step.isFollowedBySkip
        )
        let containerStatus = pod.containerStatuses[container.name]
        let image = ImageReference(container.image ?? "")
        var attributes = commonAttributes()
        addTaskAttributes(to: &attributes, name: name, step: name, result: result.result, errorType: result.errorType)
        attributes.add("tekton.step.name", name)
        attributes.add("tekton.step.termination_reason", run.terminationReason)
        attributes.add("process.exit.code", run.exitCode)
        attributes.add("k8s.container.name", container.name)
        attributes.add(
            "container.id",
            (run.terminated.containerID ?? containerStatus?.containerID).map(Self.withoutScheme)
        )
        attributes.add("k8s.container.status.reason", run.isWitnessed ? run.terminated.reason : nil)
        attributes.add("container.image.name", image.name)
        attributes.add("container.image.tags", image.tag.map { [$0] } ?? [])
        attributes.add(
            "container.image.repo_digests",
            (containerStatus?.imageID).flatMap { ImageReference($0).repoDigest }.map { [$0] } ?? []
        )
        let transitions = StepTransitions(run, pod: pod)
        let asSpans = options.stepTransitions == .spans
        add(
            .step,
            "step \(name)",
            pod,
            identifiedBy: name,
            from: asSpans ? transitions.begin : run.start,
            to: run.end,
            status: result.errorType == nil ? .unset : .error(description: result.description),
            attributes: attributes.all,
            events: options.stepTransitions == .events ? transitions.events : [],
            measurement: measurement(step: name, result.result, from: run.start, to: run.end),
            isFinal: step.isFinal
        )
        guard asSpans else { return }
        let parent = spanID(.step, podName: pod.metadata.name, name: name)
        for phase in transitions.phases {
            add(
                phase.kind,
                phase.kind.rawValue,
                pod,
                identifiedBy: name,
                parent: parent,
                from: phase.start,
                to: phase.end,
                attributes: commonAttributes().all,
                isFinal: step.isFinal
            )
        }
    }
}

// MARK: - The TaskRun

extension AttemptSpanBuilder {
    private mutating func addTaskRun() {
        guard let outcome else { return }
        let start = (entries.map(\.span.start) + [attempt.began]).min() ?? attempt.began
        let ends = entries.map(\.span.end) + [outcome.end].compactMap { $0 }
        let end = (ends.max() ?? start).notBefore(start)
        let errorType = outcome.isError ? outcome.reason ?? "_OTHER" : nil
        var attributes = commonAttributes()
        addTaskAttributes(
            to: &attributes,
            name: taskRun.taskName,
            step: nil,
            result: outcome.result,
            errorType: errorType
        )
        attributes.add("tekton.task_run.reason", outcome.reason)
        attributes.add("tekton.steps.not_run", stepsNotRun)
        let span = TektonSpan(
            kind: .taskRun,
            name: taskRun.taskName.map { "TaskRun \($0)" } ?? "TaskRun",
            context: context,
            spanID: taskRunSpanID,
            parentSpanID: context.spanID,
            start: start,
            end: end,
            status: errorType == nil ? .unset : .error(description: description(of: outcome)),
            attributes: attributes.all,
            events: [],
            resource: resource(of: parts.last?.pod),
            measurement: measurement(step: nil, outcome.result, from: start, to: end)
        )
        entries.append(AttemptSpans.Entry(span: span, isFinal: isTaskRunFinal(endingAt: end)))
    }

    /// The condition's message; with a configuration error, of which it only says that there was one, also what the kubelet
    /// says of the first step that has it.
    private func description(of outcome: AttemptOutcome) -> String {
        var sentences = [outcome.message].compactMap { $0 }
        if outcome.hasConfigError, let pod = parts.last?.pod,
            let step = pod.steps.first(where: { pod.state(of: $0.name)?.hasConfigError == true })
        {
            sentences += [step.stepName, pod.state(of: step.name)?.waitingMessage].compactMap { $0 }
        }
        return sentences.joined(separator: ": ").cutAsDescription
    }

    private func isTaskRunFinal(endingAt end: KubernetesTime) -> Bool {
        guard entries.allSatisfy(\.isFinal) else { return false }
        guard let last = parts.last else {
            // A pod that the status names may only not have been seen yet.
            return attempt.status.podName == nil ? attempt.isSettled : attempt.isAbandoned
        }
        guard last.isOver, last.timeline.isSettled else { return false }
        // Events may still be on their way, and the pulls they tell of belong inside. The pull of a container that has
        // started before the end is: it was over when the container started, give or take the minimal length.
        let containers = last.pod.trueInitContainers + last.pod.steps
        let areInside = containers.allSatisfy { container in
            last.pod.state(of: container.name)?.startedAt.map { $0 < end } ?? false
        }
        return areInside || attempt.isSettled
    }

    /// Names of the steps that never began; unknown, thus none, when the pod was gone before it was seen.
    private var stepsNotRun: [String] {
        guard let last = parts.last else {
            return attempt.status.podName == nil ? taskRun.specStepNames : []
        }
        let begun = Set(entries.filter { $0.span.kind == .step }.map(\.span.spanID))
        return last.timeline.steps.map(\.container.stepName).filter {
            !begun.contains(spanID(.step, podName: last.pod.metadata.name, name: $0))
        }
    }
}

// MARK: - Attributes and identity

extension AttemptSpanBuilder {
    private var taskRunSpanID: SpanID {
        spanID(.taskRun, podName: parts.last?.pod.metadata.name ?? attempt.status.podName ?? "", name: "")
    }

    private func spanID(_ kind: TektonSpan.Kind, podName: String, name: String) -> SpanID {
        SpanIdentity.spanID(taskRunUID: taskRun.metadata.uid, podName: podName, kind: kind, name: name)
    }

    private func commonAttributes() -> SpanAttributes {
        var attributes = SpanAttributes()
        attributes.add("namespace", taskRun.metadata.namespace)
        attributes.add("taskrun", taskRun.metadata.name)
        attributes.add("tekton.task_run.uid", taskRun.metadata.uid)
        attributes.add("tekton.task_run.attempt", attempt.number)
        attributes.add("tekton.pipeline_run.name", taskRun.pipelineRunName)
        attributes.add("tekton.pipeline_task.name", taskRun.pipelineTaskName)
        return attributes
    }

    private func addTaskAttributes(
        to attributes: inout SpanAttributes,
        name: String?,
        step: String?,
        result: TaskResult,
        errorType: String?
    ) {
        let retry = attempt.number > 1 ? "/retry\(attempt.number - 1)" : ""
        attributes.add("cicd.pipeline.task.name", name)
        attributes.add("cicd.pipeline.task.run.id", taskRun.metadata.uid + retry + (step.map { "/\($0)" } ?? ""))
        attributes.add("cicd.pipeline.task.run.result", result.rawValue)
        attributes.add(
            "cicd.pipeline.task.run.url.full",
            TaskRunURL.fill(
                options.taskRunURL,
                namespace: taskRun.metadata.namespace,
                taskRun: taskRun.metadata.name,
                pipelineRun: taskRun.pipelineRunName,
                step: step
            )
        )
        attributes.add("error.type", errorType)
    }

    private func resource(of pod: Pod?) -> SpanResource {
        SpanResource(
            namespace: taskRun.metadata.namespace,
            podName: pod?.metadata.name ?? attempt.status.podName,
            podUID: pod?.metadata.uid,
            nodeName: pod?.nodeName,
            pipelineName: taskRun.pipelineName,
            pipelineRunUID: taskRun.pipelineRunUID
        )
    }

    private func measurement(
        step: String?,
        _ result: TaskResult,
        from start: KubernetesTime,
        to end: KubernetesTime
    ) -> SpanMeasurement {
        SpanMeasurement(
            step: step,
            task: taskRun.taskName ?? "",
            namespace: taskRun.metadata.namespace,
            result: result.rawValue,
            start: start,
            end: end
        )
    }

    private mutating func add(
        _ kind: TektonSpan.Kind,
        _ name: String,
        _ pod: Pod,
        identifiedBy identifier: String = "",
        parent: SpanID? = nil,
        from start: KubernetesTime,
        to end: KubernetesTime,
        status: TektonSpan.Status = .unset,
        attributes: [SpanAttribute],
        events: [TektonSpan.Event] = [],
        measurement: SpanMeasurement? = nil,
        isFinal: Bool
    ) {
        let span = TektonSpan(
            kind: kind,
            name: name,
            context: context,
            spanID: spanID(kind, podName: pod.metadata.name, name: identifier),
            parentSpanID: parent ?? taskRunSpanID,
            start: start,
            end: end.notBefore(start),
            status: status,
            attributes: attributes,
            events: events,
            resource: resource(of: pod),
            measurement: measurement
        )
        entries.append(AttemptSpans.Entry(span: span, isFinal: isFinal))
    }

    /// `containerd://4cbb...` without the runtime.
    private static func withoutScheme(_ containerID: String) -> String {
        containerID.firstRange(of: "://").map { String(containerID[$0.upperBound...]) } ?? containerID
    }
}
