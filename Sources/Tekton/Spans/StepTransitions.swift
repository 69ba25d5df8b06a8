import Kubernetes

/// The waiting, queueing and running of a step, which are told as events or as child spans.
struct StepTransitions {
    struct Phase: Equatable {
        let kind: TektonSpan.Kind
        let start: KubernetesTime
        let end: KubernetesTime
    }

    let events: [TektonSpan.Event]
    /// Without gaps from `begin` to the end of the step; none for a container that could not be started.
    let phases: [Phase]
    /// Where the first phase begins, else the step.
    let begin: KubernetesTime

    init(_ run: StepTimeline.Run, pod: Pod) {
        let scheduled = pod.scheduled?.status == "True" ? pod.scheduled?.lastTransitionTime : nil
        // What the kubelet reports in that state; a restart of steptrace that did not see it says the same.
        let waitingReason = pod.initContainers.isEmpty ? "ContainerCreating" : "PodInitializing"
        var events: [TektonSpan.Event] = []
        if let scheduled {
            events.append(
                TektonSpan.Event(
                    name: "waiting",
                    time: scheduled,
                    attributes: [SpanAttribute("reason", .string(waitingReason))]
                )
            )
        }
        if let started = run.containerStart {
            events.append(TektonSpan.Event(name: "running", time: started, attributes: []))
        }
        var terminated = SpanAttributes()
        terminated.add("reason", run.terminationReason)
        terminated.add("exit_code", run.exitCode)
        events.append(TektonSpan.Event(name: "terminated", time: run.end, attributes: terminated.all))
        self.events = events

        var phases: [Phase] = []
        if let started = run.containerStart {
            // The scheduler, the kubelet and the step each go by a clock of their own, which may say that the step ran before.
            let waited = min(started, run.start)
            if let scheduled, scheduled < waited || (scheduled == started && started <= run.start) {
                phases.append(Phase(kind: .waiting, start: scheduled, end: waited))
            }
            if started <= run.start {
                phases.append(Phase(kind: .queued, start: started, end: run.start))
            }
        }
        if !run.terminated.couldNotStart {
            phases.append(Phase(kind: .running, start: run.start, end: run.end))
        }
        self.phases = phases
        begin = phases.map(\.start).min() ?? run.start
    }
}
