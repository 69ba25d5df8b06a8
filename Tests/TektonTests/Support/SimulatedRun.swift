import Kubernetes
import OTLP
import TestSupport

@testable import Tekton

/// A random run of a TaskRun, as the watches of its objects would show it: what Tekton's controller, its entrypoint, the
/// scheduler and the kubelet write, with their habits (docs/spans.md).
struct SimulatedRun {
    enum StepPlan: CaseIterable {
        case success, failure, oom, killed, continued, skippedByWhen, stepTimeout
    }

    enum Interruption: CaseIterable {
        case none, cancel, timeout, pipelineRunTimeout, deletion, eviction, loss, preemption, podDeletion
    }

    private(set) var changes: [Recording.Change] = []
    /// When each was shown, in milliseconds since the epoch.
    private(set) var times: [Int64] = []
    var generator: SeededGenerator
    /// Milliseconds since the epoch.
    private(set) var clock: Int64
    private var taskRun: TaskRun
    private var events = 0
    private let stepNames: [String]
    private let description: String

    static let epoch: Int64 = 1_795_422_400_000

    /// - Parameter start: when the TaskRun is created, in milliseconds since the epoch.
    init(seed: UInt64, start: Int64 = 0) {
        var generator = SeededGenerator(seed: seed)
        stepNames = ["fetch", "build", "test", "push"].prefix(Int.random(in: 1...4, using: &generator)).map { $0 }
        description = "run-\(seed % 1000)"
        clock = start
        taskRun = TaskRun(
            metadata: ObjectMeta(
                name: description,
                namespace: "ci",
                uid: "uid-\(seed)",
                creationTimestamp: Self.time(start),
                labels: Bool.random(using: &generator)
                    ? [TaskRun.Label.pipelineTask: "compile", TaskRun.Label.pipelineRun: "pr-1"] : [:]
            ),
            specStepNames: stepNames
        )
        self.generator = generator
        run()
    }

    // MARK: - The controller

    private mutating func run() {
        show()
        wait(5...60)
        let hasDoubleRoot = chance(0.2)
        let retries = chance(0.3) ? Int.random(in: 1...2, using: &generator) : 0
        setContext()
        for attempt in 0...retries {
            let podName = "\(description)-pod" + (attempt == 0 ? "" : "-retry\(attempt)")
            taskRun.status.podName = podName
            taskRun.status.startTime = now.floored
            if attempt == 0 { taskRun.status.steps = stepNames.map { AttemptStatus.Step(name: $0) } }
            show()
            if attempt == 0, hasDoubleRoot {
                wait(20...40)
                setContext()
                show()
            }
            let reason = runPod(named: podName, canBeRetried: attempt < retries)
            guard let reason, attempt < retries else { return }
            archive(reason)
        }
    }

    private mutating func setContext() {
        taskRun.spanContext = SpanContext(
            traceID: TraceID(high: generator.next(), low: generator.next() | 1),
            spanID: SpanID(generator.next() | 1),
            isSampled: true
        )
    }

    /// Gives the attempt up for the next one; the steps stay until the new pod reports.
    private mutating func archive(_ reason: String) {
        var archived = taskRun.status
        archived.completionTime = now.floored
        archived.condition = condition("False", reason)
        taskRun.retries.append(archived)
        taskRun.status.podName = nil
        taskRun.status.startTime = nil
        taskRun.status.condition = condition("Unknown", "ToBeRetried")
        show()
        wait(10...20)
    }

    mutating func finish(_ reason: String, message: String? = nil) {
        taskRun.status.completionTime = now.floored
        taskRun.status.condition = condition(reason == "Succeeded" ? "True" : "False", reason)
        if let message { taskRun.status.condition?.message = message }
        show()
    }

    // MARK: - One pod

    /// Runs a pod to its end. Nil when the TaskRun is over; else the reason of a failure that can be retried.
    private mutating func runPod(named name: String, canBeRetried: Bool) -> String? {
        var pod = makePod(named: name)
        show(pod)
        let interruption = canBeRetried ? .none : Interruption.allCases.randomElement(using: &generator) ?? .none
        if chance(0.15) {
            tell(pod, "FailedScheduling", nil, "0/1 nodes are available")
            pod.scheduled = condition("False", "Unschedulable", type: "PodScheduled")
            show(pod)
            wait(500...4000)
            if chance(0.3), !canBeRetried { return endPending(pod) }
        }
        pod.nodeName = "node-1"
        pod.scheduled = condition("True", nil, type: "PodScheduled")
        show(pod)
        tell(pod, "Scheduled", nil, "Successfully assigned")
        for container in pod.initContainers + pod.containers {
            pod.containerStatuses[container.name] = status(container, ContainerState(waitingReason: "PodInitializing"))
        }
        show(pod)
        report(pod)
        for container in pod.initContainers {
            guard pull(container, of: &pod) else { return endUnpulled(pod, container, canBeRetried) }
            let started = now.floored
            let isSidecar = container.restartPolicy == "Always"
            wait(100...1500)
            let end = ContainerState.Terminated(
                exitCode: 0,
                reason: "Completed",
                startedAt: started,
                finishedAt: now.floored,
                containerID: "containerd://\(name)"
            )
            pod.containerStatuses[container.name] = status(
                container,
                isSidecar ? ContainerState(running: started) : ContainerState(terminated: end)
            )
            show(pod)
        }
        for container in pod.containers {
            guard pull(container, of: &pod) else { return endUnpulled(pod, container, canBeRetried) }
            pod.containerStatuses[container.name] = status(container, start(canBeRetried))
        }
        if hasConfigError(pod) { return endUnconfigured(pod) }
        if pod.steps.allSatisfy({ pod.state(of: $0.name)?.terminated != nil }) {
            return endUnstarted(pod, canBeRetried)
        }
        pod.phase = "Running"
        show(pod)
        report(pod)
        wait(20...60)
        pod.metadata.annotations[Pod.Key.readyAnnotation] = "READY"
        show(pod)
        return runSteps(&pod, interruption, canBeRetried)
    }

    private mutating func runSteps(
        _ pod: inout Pod,
        _ interruption: Interruption,
        _ canBeRetried: Bool
    ) -> String? {
        let interruptedStep = Int.random(in: 0..<stepNames.count, using: &generator)
        var failure: String?
        var isCancelled = false
        for (index, container) in pod.steps.enumerated() {
            wait(30...990)
            let started = now
            if pod.state(of: container.name)?.terminated != nil {
                // It could not be started.
                return stall(&pod, after: index, canBeRetried, isOver: isCancelled)
            }
            if failure != nil {
                end(container, of: &pod, exitCode: 1, started, reason: "Skipped")
                continue
            }
            if interruption != .none, index == interruptedStep {
                wait(10...3000)
                return interrupt(&pod, at: index, started, interruption)
            }
            wait(1...4000)
            switch StepPlan.allCases.randomElement(using: &generator).flatMap({ chance(0.7) ? .success : $0 })
                ?? .success
            {
            case .success: end(container, of: &pod, exitCode: 0, started)
            case .continued: end(container, of: &pod, exitCode: 0, started, continuedWith: 5)
            case .skippedByWhen: end(container, of: &pod, exitCode: 0, started, reason: "Skipped")
            case .failure:
                end(container, of: &pod, exitCode: 3, started)
                failure = "StepFailed"
                if !canBeRetried, chance(0.3) {
                    fakeEnd("TaskRunCancelled")
                    isCancelled = true
                    continue
                }
            case .killed:
                end(container, of: &pod, exitCode: 137, nil)
                return stall(&pod, after: index, canBeRetried)
            case .stepTimeout:
                end(container, of: &pod, exitCode: 1, started, reason: "TimeoutExceeded")
                failure = "StepFailed"
            case .oom:
                end(container, of: &pod, exitCode: 137, nil, containerReason: "OOMKilled", shows: false)
                show(pod)
                report(pod)
                if canBeRetried { return "StepOOM" }
                finish("StepOOM")
                return nil
            }
            report(pod)
        }
        pod.phase = failure == nil ? "Succeeded" : "Failed"
        show(pod)
        if isCancelled {
            delete(&pod)
            return nil
        }
        report(pod)
        if let failure, canBeRetried { return failure }
        finish(failure ?? "Succeeded")
        wait(100...2000)
        show(pod)
        return nil
    }

    private mutating func interrupt(
        _ pod: inout Pod,
        at index: Int,
        _ started: KubernetesTime,
        _ interruption: Interruption
    ) -> String? {
        switch interruption {
        case .cancel: fakeEnd("TaskRunCancelled")
        case .timeout: fakeEnd("TaskRunTimeout")
        case .pipelineRunTimeout: fakeEnd("TaskRunCancelled", message: Self.pipelineRunTimeoutMessage)
        case .deletion: show(isDeleted: true)
        case .eviction: pod.reason = "Evicted"
        case .loss: return lose(&pod, from: index)
        case .preemption: return preempt(&pod, at: index, started)
        case .none, .podDeletion: break
        }
        wait(5...40)
        if interruption != .eviction {
            pod.metadata.deletionTimestamp = Self.time((clock / 1000 + 30) * 1000)
            show(pod)
        }
        for (position, container) in pod.steps.enumerated() where position >= index {
            guard pod.state(of: container.name)?.terminated == nil else { continue }
            end(
                container,
                of: &pod,
                exitCode: position == index ? 255 : 143,
                position == index ? started : nil,
                shows: false
            )
        }
        pod.phase = "Failed"
        show(pod)
        if interruption == .eviction {
            report(pod)
            finish("PodEvicted")
            return nil
        }
        wait(10...800)
        show(pod, isDeleted: true)
        if interruption == .podDeletion {
            // Tekton makes it anew under the same name.
            wait(20...200)
            return runPod(named: pod.metadata.name, canBeRetried: false)
        }
        return nil
    }

    /// A TaskRun that times out while its pod waits for a node.
    private mutating func endPending(_ pod: Pod) -> String? {
        finish("TaskRunTimeout")
        wait(5...40)
        show(pod, isDeleted: true)
        return nil
    }

    private mutating func endUnpulled(_ pod: Pod, _ container: Pod.Container, _ canBeRetried: Bool) -> String? {
        var pod = pod
        pod.containerStatuses[container.name] = status(container, ContainerState(waitingReason: "ImagePullBackOff"))
        show(pod)
        wait(5...30)
        if !canBeRetried { fakeEnd("TaskRunImagePullFailed") }
        for other in pod.steps where pod.state(of: other.name)?.running != nil {
            end(other, of: &pod, exitCode: 143, nil, shows: false)
        }
        pod.phase = "Failed"
        show(pod)
        wait(10...500)
        show(pod, isDeleted: true)
        return canBeRetried ? "TaskRunImagePullFailed" : nil
    }

    /// What the controller writes of every unfinished step, whether it began or not.
    mutating func fakeEnd(_ reason: String, message: String? = nil) {
        for index in taskRun.status.steps.indices where taskRun.status.steps[index].terminated == nil {
            taskRun.status.steps[index].terminated = ContainerState.Terminated(
                exitCode: 1,
                reason: reason,
                startedAt: taskRun.metadata.creationTimestamp,
                finishedAt: now.floored
            )
            taskRun.status.steps[index].terminationReason = reason
        }
        finish(reason, message: message)
    }

    // MARK: - The kubelet

    private mutating func makePod(named name: String) -> Pod {
        var initContainers = [Pod.Container(name: "prepare", image: "lab/entrypoint:1")]
        if chance(0.5) { initContainers.append(Pod.Container(name: "place-scripts", image: "lab/busybox:1")) }
        if chance(0.2) {
            initContainers.append(Pod.Container(name: "sidecar-db", image: "db:1", restartPolicy: "Always"))
        }
        let awaitsReady = !chance(0.1)
        return Pod(
            metadata: ObjectMeta(
                name: name,
                namespace: "ci",
                uid: "pod-\(generator.next())",
                creationTimestamp: now.floored,
                annotations: awaitsReady ? [:] : [Pod.Key.readyAnnotation: "READY"],
                ownerReferences: [OwnerReference(kind: "TaskRun", name: description, uid: taskRun.metadata.uid)]
            ),
            initContainers: initContainers,
            containers: stepNames.map { Pod.Container(name: "step-\($0)", image: "docker.io/library/golang:1.27") },
            phase: "Pending",
            awaitsReady: awaitsReady
        )
    }

    private mutating func pull(_ container: Pod.Container, of pod: inout Pod) -> Bool {
        if chance(0.5) {
            tell(pod, "Pulled", container, "already present on machine")
            return true
        }
        tell(pod, "Pulling", container, "Pulling image")
        wait(100...3000)
        if chance(0.05) {
            tell(pod, "Failed", container, "Failed to pull image: not found")
            tell(pod, "Failed", container, "Error: ErrImagePull")
            wait(900...1100)
            tell(pod, "BackOff", container, "Back-off pulling image")
            return false
        }
        tell(pod, "Pulled", container, "Successfully pulled image. Image size: 4096 bytes.")
        return true
    }

    mutating func end(
        _ container: Pod.Container,
        of pod: inout Pod,
        exitCode: Int,
        _ started: KubernetesTime?,
        reason: String? = nil,
        continuedWith: Int? = nil,
        containerReason: String? = nil,
        shows: Bool = true
    ) {
        let terminated = ContainerState.Terminated(
            exitCode: exitCode,
            reason: containerReason ?? (exitCode == 0 ? "Completed" : "Error"),
            startedAt: pod.state(of: container.name)?.running?.floored,
            finishedAt: now.floored,
            containerID: "containerd://\(container.name)",
            message: started.map { TerminationMessage(startedAt: $0, exitCode: continuedWith, reason: reason) }
        )
        pod.containerStatuses[container.name] = status(container, ContainerState(terminated: terminated))
        if shows, chance(0.7) { show(pod) }
    }

    func status(_ container: Pod.Container, _ state: ContainerState) -> Pod.ContainerStatus {
        Pod.ContainerStatus(
            name: container.name,
            state: state,
            imageID: "docker.io/library/golang@sha256:aa6a",
            containerID: "containerd://\(container.name)"
        )
    }

    // MARK: - What the watches show

    mutating func show(isDeleted: Bool = false) {
        append(.taskRun(taskRun, isDeleted: isDeleted))
    }

    mutating func show(_ pod: Pod, isDeleted: Bool = false) {
        append(.pod(pod, isDeleted: isDeleted))
    }

    private mutating func append(_ change: Recording.Change) {
        changes.append(change)
        times.append(clock)
    }

    /// The controller takes over what the pod says.
    mutating func report(_ pod: Pod) {
        taskRun.status.steps = pod.steps.map { container in
            AttemptStatus.Step(
                name: container.stepName,
                container: container.name,
                terminated: pod.state(of: container.name)?.terminated,
                terminationReason: pod.state(of: container.name)?.terminated?.message?.reason
            )
        }
        taskRun.status.condition = condition("Unknown", "Running")
        show()
    }

    private mutating func tell(_ pod: Pod, _ reason: String, _ container: Pod.Container?, _ message: String) {
        events += 1
        let event = Event(
            metadata: ObjectMeta(name: "event-\(events)", namespace: "ci", uid: "event-\(events)-of-\(description)"),
            podUID: pod.metadata.uid,
            fieldPath: container.map { "spec.containers{\($0.name)}" },
            reason: reason,
            message: message,
            time: now.floored
        )
        append(.event(event, isDeleted: false))
    }

    // MARK: - Time and chance

    var now: KubernetesTime { Self.time(clock) }

    static func time(_ milliseconds: Int64) -> KubernetesTime {
        KubernetesTime(unixNanoseconds: (epoch + milliseconds) * 1_000_000)
    }

    mutating func wait(_ milliseconds: ClosedRange<Int64>) {
        clock += Int64.random(in: milliseconds, using: &generator)
    }

    mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &generator) < probability
    }

    private func condition(_ status: String, _ reason: String?, type: String = "Succeeded") -> AttemptStatus.Condition {
        AttemptStatus.Condition(
            type: type,
            status: status,
            reason: reason,
            message: reason.map { "because \($0)" },
            lastTransitionTime: now.floored
        )
    }
}

extension KubernetesTime {
    var floored: KubernetesTime {
        KubernetesTime(unixNanoseconds: unixNanoseconds / 1_000_000_000 * 1_000_000_000)
    }
}
