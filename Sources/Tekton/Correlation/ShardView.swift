public import Kubernetes

/// Which of several replicas makes the spans of which TaskRun: the same for all that see the same replicas.
///
/// A TaskRun goes to one of those replicas that were there before it was created, with time for all others to have heard of
/// them: so a replica that joins takes nothing over and has seen all there is to see of what is its own. Among these the
/// UID decides (rendezvous hashing): when one goes, what was its own is spread over the others, and nothing else moves. A
/// TaskRun that is older than all of them goes to the one that has been alive for the longest, which knows most of it.
public struct ShardView: Sendable, Equatable {
    public struct Replica: Sendable, Hashable {
        /// The same in all views.
        public let id: String
        /// TaskRuns that were created before are none of its own as long as there are others. By the API server's clock,
        /// as creation times are.
        public let eligibleFrom: KubernetesTime
        /// By the same clock; what was before it has not seen.
        public let aliveSince: KubernetesTime

        public init(id: String, eligibleFrom: KubernetesTime, aliveSince: KubernetesTime) {
            self.id = id
            self.eligibleFrom = eligibleFrom
            self.aliveSince = aliveSince
        }
    }

    private struct Candidate: Sendable, Equatable {
        let replica: Replica
        let seed: UInt64
    }

    /// In the order of `eligibleFrom`.
    private let candidates: [Candidate]
    private let oldest: String?
    /// This replica's id; nil while it is not among them.
    public let own: String?
    /// For how long one that is gone may be taken for alive.
    public let leaseDuration: Duration

    public init(replicas: [Replica], own: String?, leaseDuration: Duration) {
        candidates =
            replicas
            .sorted { ($0.eligibleFrom, $0.id) < ($1.eligibleFrom, $1.id) }
            .map { Candidate(replica: $0, seed: Self.hash($0.id)) }
        oldest = replicas.min { ($0.aliveSince, $0.id) < ($1.aliveSince, $1.id) }?.id
        self.own = own
        self.leaseDuration = leaseDuration
    }

    public var replicas: [Replica] { candidates.map(\.replica) }

    /// The id of the replica that makes the spans of a TaskRun; nil when there is no replica.
    ///
    /// - Parameter created: nil counts as older than everything.
    public func owner(ofUID uid: String, created: KubernetesTime?) -> String? {
        guard let created else { return oldest }
        let hash = Self.hash(uid)
        var best: (score: UInt64, id: String)?
        for candidate in candidates {
            // The others are younger still.
            guard candidate.replica.eligibleFrom <= created else { break }
            let score = (Self.mixed(hash ^ candidate.seed), candidate.replica.id)
            if let known = best, known >= score { continue }
            best = score
        }
        return best?.id ?? oldest
    }

    public func owns(uid: String, created: KubernetesTime?) -> Bool {
        own != nil && owner(ofUID: uid, created: created) == own
    }

    /// FNV-1a of 64 bits: all replicas, of whatever version, have to compute the same.
    private static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return mixed(hash)
    }

    /// The finalizer of SplitMix64: each bit depends on all.
    private static func mixed(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
