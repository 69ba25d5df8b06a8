import Kubernetes

/// What the correlator remembers of one pod.
struct TrackedPod: Sendable {
    let uid: String
    let name: String
    private var pod: Packed<Pod>
    private var packedEvents: Packed<PodEvents>?
    var isGone: Bool
    /// When a container of it was first seen to have started.
    var startedSince: Duration?

    init(_ pod: Pod, events: Packed<PodEvents>?, isGone: Bool, sharing shared: inout SharedStrings) {
        uid = pod.metadata.uid
        name = pod.metadata.name
        self.pod = Packed(pod, sharing: &shared)
        packedEvents = events
        self.isGone = isGone
    }

    mutating func set(_ pod: Pod, isGone: Bool, sharing shared: inout SharedStrings) {
        self.pod = Packed(pod, sharing: &shared)
        self.isGone = isGone
    }

    mutating func add(_ event: Event, sharing shared: inout SharedStrings) {
        packedEvents.add(event, sharing: &shared)
    }

    var lastVersion: Pod { pod.value }

    var facts: Attempt.PodFacts {
        Attempt.PodFacts(pod: pod.value, events: packedEvents?.value ?? PodEvents(), isGone: isGone)
    }
}

extension Packed<PodEvents>? {
    mutating func add(_ event: Event, sharing shared: inout SharedStrings) {
        var events = self?.value ?? PodEvents()
        events.add(event)
        self = Packed(events, sharing: &shared)
    }
}
