public import Kubernetes

/// How the TaskRuns are shared with other replicas.
public enum Sharding: Sendable, Equatable {
    /// Not at all: this one makes the spans of every TaskRun that a span has named.
    case off
    /// It is not known yet who else is there: nothing is made, and nothing forgotten.
    case undecided
    /// Spans are made of the TaskRuns that are this replica's own, whether a span has named them or not: that span may
    /// pass through another replica.
    case among(ShardView)

    func owner(ofUID uid: String, created: KubernetesTime?) -> String? {
        guard case .among(let view) = self else { return nil }
        return view.owner(ofUID: uid, created: created)
    }

    var own: String? {
        guard case .among(let view) = self else { return nil }
        return view.own
    }
}

extension Sharding {
    /// As the correlator has it.
    public init(_ membership: LeaseGroup.Membership) {
        switch membership {
        case .unknown: self = .undecided
        case .impossible: self = .off
        case .members(let members, let own):
            let replicas = members.map { member in
                // By then all others have looked, or are taken for gone themselves. Creation times are whole seconds.
                let pause = (member.duration + .seconds(1)).components.seconds * 1_000_000_000
                let from = member.since.unixNanoseconds.addingReportingOverflow(pause)
                return ShardView.Replica(
                    id: member.name,
                    eligibleFrom: KubernetesTime(unixNanoseconds: from.overflow ? .max : from.partialValue),
                    aliveSince: member.aliveSince
                )
            }
            self = .among(
                ShardView(
                    replicas: replicas,
                    own: own?.name,
                    leaseDuration: members.map(\.duration).max() ?? .zero
                )
            )
        }
    }
}
