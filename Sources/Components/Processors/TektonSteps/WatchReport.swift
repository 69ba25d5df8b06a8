import Kubernetes

/// What there is to say of the watches: in the log, in the component's status, and to the correlator.
struct WatchReport: Sendable {
    private enum State {
        /// Has not listed yet, and not failed.
        case pending
        case following
        case failing
        /// Failing, and not because of anything that passes by itself: not allowed, or no such resource.
        case refused
    }

    private struct Watch {
        var state = State.pending
        var failure: String?
        /// Since all was well.
        var loggedKinds: Set<KubernetesError.Kind> = []
    }

    private var watches: [WatchKey: Watch]

    init(_ keys: some Sequence<WatchKey>) {
        watches = Dictionary(keys.map { ($0, Watch()) }) { first, _ in first }
    }

    /// - Returns: whether it should be logged: once for each kind of failure, until all is well.
    mutating func failed(_ key: WatchKey, _ error: KubernetesError) -> Bool {
        switch error.kind {
        case .forbidden, .notFound: watches[key]?.state = .refused
        default: watches[key]?.state = .failing
        }
        watches[key]?.failure = "\(key): \(error)"
        return watches[key]?.loggedKinds.insert(error.kind).inserted ?? true
    }

    /// A failure before counts until `recovered`.
    mutating func synced(_ key: WatchKey) {
        if watches[key]?.state == .pending { followed(key) }
    }

    mutating func recovered(_ key: WatchKey) {
        watches[key]?.failure = nil
        watches[key]?.loggedKinds = []
        followed(key)
    }

    private mutating func followed(_ key: WatchKey) {
        watches[key]?.state = .following
        guard key.isOfTaskRuns else { return }
        // What was refused may be allowed or there by now, as TaskRuns are: its next attempt shows it.
        for (key, watch) in watches where watch.state == .refused { watches[key]?.state = .failing }
    }

    /// What is wrong, by watch; nil when nothing is.
    var failure: String? {
        let failures = watches.values.compactMap(\.failure).sorted()
        return failures.isEmpty ? nil : failures.joined(separator: "; ")
    }

    /// Pods and Events are told of, as far as they ever will be.
    var tells: Bool {
        watches.allSatisfy { key, watch in key.isOfTaskRuns || watch.state == .following || watch.state == .refused }
    }
}
