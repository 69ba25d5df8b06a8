import Collector
import Kubernetes
import Tekton

extension TektonStepsMetrics {
    static let sharding = [replicas, owned, takenOver, leaseErrors]

    private static let replicas = MetricDescription(
        "steptrace_sharding_replicas",
        .gauge,
        unit: "{replicas}",
        labels: ["processor"],
        "With sharding: live replicas that share the TaskRuns, this one included; 0 while it does not share."
    )
    private static let owned = MetricDescription(
        "steptrace_sharding_owned_task_runs",
        .gauge,
        unit: "{task_runs}",
        labels: ["processor"],
        "With sharding: followed TaskRuns of which this replica adds the spans."
    )
    private static let takenOver = MetricDescription(
        "steptrace_sharding_taken_over_task_runs",
        .counter,
        unit: "{task_runs}",
        labels: ["processor"],
        "With sharding: TaskRuns that were taken over from replicas that are gone."
    )
    private static let leaseErrors = MetricDescription(
        "steptrace_sharding_lease_errors",
        .counter,
        unit: "{errors}",
        labels: ["processor", "kind"],
        "With sharding: failed requests for Leases, by kind as for watches."
    )

    static func write(
        _ shards: ShardGroup,
        _ figures: Correlator.Figures,
        _ counters: Correlator.Counters,
        to sink: inout MetricSink,
        processor: String
    ) {
        var count = 0
        if case .members(let members, let own) = shards.membership, own != nil { count = members.count }
        sink.add(replicas, count, ["processor": processor])
        sink.add(owned, figures.owned, ["processor": processor])
        sink.add(takenOver, counters.takenOver, ["processor": processor])
        for (kind, errors) in shards.errorCounts {
            sink.add(leaseErrors, errors, ["processor": processor, "kind": kind])
        }
    }
}
