import Collector
import Kubernetes
import Tekton

/// The metrics of `tekton_steps`.
enum TektonStepsMetrics {
    static let descriptions =
        [
            tracked, due, injected, waiting, expired, droppedSightings, dropped, droppedEvents, stepDuration,
            taskRunDuration, watchUp, lastEvent, relists, watchErrors, skipped, requests,
        ] + sharding

    private static let tracked = MetricDescription(
        "steptrace_task_runs_tracked",
        .gauge,
        unit: "{task_runs}",
        labels: ["processor", "state"],
        "TaskRuns that are remembered: followed ones, of which spans may still come, and finished ones."
    )
    private static let due = MetricDescription(
        "steptrace_spans_due",
        .gauge,
        unit: "{spans}",
        labels: ["processor"],
        "Spans that are final and wait for a batch of their trace, max_hold at the most."
    )
    private static let injected = MetricDescription(
        "steptrace_spans_injected",
        .counter,
        unit: "{spans}",
        labels: ["processor", "kind"],
        "Spans that were added and that the next component has taken."
    )
    private static let waiting = MetricDescription(
        "steptrace_sightings_waiting",
        .gauge,
        unit: "{sightings}",
        labels: ["processor"],
        "TaskRuns that spans have named and the API server has not shown yet."
    )
    private static let expired = MetricDescription(
        "steptrace_sightings_expired",
        .counter,
        unit: "{sightings}",
        labels: ["processor"],
        "TaskRuns that spans have named and that did not show up within sighting_timeout."
    )
    private static let droppedSightings = MetricDescription(
        "steptrace_sightings_dropped",
        .counter,
        unit: "{sightings}",
        labels: ["processor"],
        "Names of TaskRuns in spans that were not kept because too many were waiting."
    )
    private static let dropped = MetricDescription(
        "steptrace_task_runs_dropped",
        .counter,
        unit: "{task_runs}",
        labels: ["processor", "cause"],
        "TaskRuns of which no more spans come: forgotten (beyond max_tracked_task_runs), not_sighted (no span has named "
            + "them); and, each time the API server tells of them, too_old (beyond completed_max_age) and not_sampled."
    )
    private static let droppedEvents = MetricDescription(
        "steptrace_events_dropped",
        .counter,
        unit: "{events}",
        labels: ["processor"],
        "Kubernetes Events that were not kept because those of too many unknown pods were waiting."
    )
    private static let stepDuration = MetricDescription(
        "steptrace_step_duration_seconds",
        .histogram,
        unit: "s",
        labels: ["processor", "namespace", "task", "step", "result"],
        "How long steps took; each is counted once, when it is final. Those beyond duration_metrics::max_series have "
            + "the label otel_metric_overflow instead of their own."
    )
    private static let taskRunDuration = MetricDescription(
        "steptrace_task_run_duration_seconds",
        .histogram,
        unit: "s",
        labels: ["processor", "namespace", "task", "result"],
        "How long attempts of TaskRuns took, as for steps."
    )
    private static let watchUp = MetricDescription(
        "steptrace_watch_up",
        .gauge,
        labels: ["processor", "resource", "namespace"],
        "1 while objects of this kind are followed in the API server, 0 before and while that fails."
    )
    private static let lastEvent = MetricDescription(
        "steptrace_watch_last_event_age_seconds",
        .gauge,
        unit: "s",
        labels: ["processor", "resource", "namespace"],
        "Time since the API server last sent a list or an event of a watch, bookmarks included (about one a minute)."
    )
    private static let relists = MetricDescription(
        "steptrace_watch_relists",
        .counter,
        unit: "{lists}",
        labels: ["processor", "resource", "namespace"],
        "Lists beyond the first of a watch, begun because it could not go on."
    )
    private static let watchErrors = MetricDescription(
        "steptrace_watch_errors",
        .counter,
        unit: "{errors}",
        labels: ["processor", "resource", "namespace", "kind"],
        "Failed attempts to list or watch, by kind: connect, transport, forbidden, expired and so on."
    )
    private static let skipped = MetricDescription(
        "steptrace_watch_skipped_objects",
        .counter,
        unit: "{objects}",
        labels: ["processor", "resource", "namespace"],
        "Objects that could not be read and were left out."
    )
    private static let requests = MetricDescription(
        "steptrace_api_requests",
        .counter,
        unit: "{requests}",
        labels: ["processor", "verb", "code"],
        "Requests to the API server, by the status of the answer; code error where there was none."
    )

    static func write(
        _ figures: Correlator.Figures,
        _ counters: Correlator.Counters,
        to sink: inout MetricSink,
        processor: String
    ) {
        sink.add(tracked, figures.followed, ["processor": processor, "state": "followed"])
        sink.add(tracked, figures.finished, ["processor": processor, "state": "finished"])
        sink.add(due, figures.dueSpans, ["processor": processor])
        for kind in TektonSpan.Kind.allCases {
            let count = counters.injectedByKind[kind] ?? 0
            sink.add(injected, count, ["processor": processor, "kind": kind.rawValue])
        }
        sink.add(waiting, figures.waitingSightings, ["processor": processor])
        sink.add(expired, counters.expiredSightings, ["processor": processor])
        sink.add(droppedSightings, counters.droppedSightings, ["processor": processor])
        for (cause, count) in [
            ("forgotten", counters.droppedTaskRuns), ("not_sighted", counters.unsightedTaskRuns),
            ("too_old", counters.tooOldTaskRuns), ("not_sampled", counters.untracedTaskRuns),
        ] {
            sink.add(dropped, count, ["processor": processor, "cause": cause])
        }
        sink.add(droppedEvents, counters.droppedStrayEvents, ["processor": processor])
    }

    static func write(_ durations: DurationHistograms, to sink: inout MetricSink, processor: String) {
        guard durations.options.isEnabled else { return }
        func value(_ histogram: DurationHistograms.Histogram) -> MetricSink.Value {
            .histogram(bounds: durations.options.bounds, counts: histogram.counts, sum: histogram.sum)
        }
        for (key, histogram) in durations.steps {
            sink.add(
                stepDuration,
                value(histogram),
                [
                    "processor": processor, "namespace": key.namespace, "task": key.task, "step": key.step ?? "",
                    "result": key.result,
                ]
            )
        }
        for (key, histogram) in durations.taskRuns {
            sink.add(
                taskRunDuration,
                value(histogram),
                ["processor": processor, "namespace": key.namespace, "task": key.task, "result": key.result]
            )
        }
        let overflow: KeyValuePairs = ["processor": processor, "otel.metric.overflow": "true"]
        if let others = durations.otherSteps { sink.add(stepDuration, value(others), overflow) }
        if let others = durations.otherTaskRuns { sink.add(taskRunDuration, value(others), overflow) }
    }

    static func write(
        _ watch: ReflectorStatistics.Snapshot,
        resource: String,
        namespace: String,
        now: ContinuousClock.Instant,
        to sink: inout MetricSink,
        processor: String
    ) {
        let labels: KeyValuePairs = ["processor": processor, "resource": resource, "namespace": namespace]
        sink.add(watchUp, watch.isFollowing ? 1 : 0, labels)
        if let last = watch.lastEvent { sink.add(lastEvent, max(0, (now - last) / .seconds(1)), labels) }
        sink.add(relists, max(0, watch.lists - 1), labels)
        for (kind, count) in watch.errors {
            sink.add(
                watchErrors,
                count,
                ["processor": processor, "resource": resource, "namespace": namespace, "kind": kind]
            )
        }
        sink.add(skipped, watch.skippedObjects, labels)
    }

    static func write(_ counts: [APIRequestCounts.Key: Int], to sink: inout MetricSink, processor: String) {
        for (key, count) in counts {
            sink.add(requests, count, ["processor": processor, "verb": key.verb, "code": key.code])
        }
    }
}
