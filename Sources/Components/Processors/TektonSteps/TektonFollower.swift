import Collector
import Kubernetes
import OTLP
import Synchronization
import Tekton

/// What `tekton_steps` knows, and the watches that tell it.
///
/// When options of the processor change that do not concern the watches, the next instance goes on with it: nothing is
/// listed anew, nothing is forgotten or added twice. For a while both have it; the options that count are those of the one
/// that came last. What it has counted is told by the one that came first: the other may have to go again, when something
/// else of its configuration does not start.
final class TektonFollower: Sendable {
    /// An instance of the processor.
    struct User: Sendable {
        let id: ObjectIdentifier
        let options: CorrelatorOptions
        /// Takes the state of the watches.
        let report: @Sendable (ComponentStatus) -> Void
    }

    private struct State {
        /// In the order in which they came.
        var users: [User] = []
        /// The one that came first, also when it has ended and is the last.
        var teller: ObjectIdentifier?
        /// Of the watches.
        var status = ComponentStatus.ok
        var following: Task<Void, Never>?
        /// What comes after this one, with other watches. Not kept alive by this one: it is given up when its reload fails.
        weak var successor: TektonFollower?

        /// Under the lock, so that reports come in their order.
        mutating func report(_ status: ComponentStatus) {
            self.status = status
            users.last?.report(status)
        }
    }

    /// How long a follower that takes the place of another one waits for its own watches.
    private static let patience = Duration.seconds(10)

    private let correlator: Mutex<Correlator>
    /// Whether spans are due, so that a batch without references needs no lock.
    private let spansAreDue = Atomic<Bool>(false)
    /// Or why there are none: said when the processor is run. A service account is there in its pod only, and a
    /// configuration is to be checked elsewhere, too.
    private let watches: Result<TektonWatches, any Error>
    /// Nil when TaskRuns are not shared, or there is no API server to share them by.
    let shards: ShardGroup?
    private let state = Mutex(State())
    private let started = ContinuousClock.now
    /// Finished when the watches of Pods and Events tell what there is, as far as they ever will.
    private let answered = AsyncStream<Void>.makeStream()
    /// Whose the metrics of the watches are.
    private let owner: String
    private let metrics: MetricsRegistry

    init(_ configuration: TektonStepsConfiguration, context: ComponentContext) throws {
        metrics = context.metrics
        owner = "\(context.key) watches \(Self.count.add(1, ordering: .relaxed).newValue)"
        let reports = Reports()
        let context = context.detached(owner: owner) { reports.report($0) }
        do {
            watches = .success(try TektonWatches(configuration, context: context))
        } catch  where configuration.access.authType == .serviceAccount {
            watches = .failure(error)
        }
        var correlator = Correlator(options: configuration.correlator, awaitsWatches: true)
        if configuration.sharding.isEnabled, case .success(let watches) = watches {
            shards = ShardGroup(configuration.sharding, client: watches.client, context: context)
            correlator.share(.undecided, now: Moment(wall: .now, uptime: .zero))
        } else {
            shards = nil
        }
        self.correlator = Mutex(correlator)
        reports.follower.withLock { $0.follower = self }
    }

    deinit { metrics.remove(owner) }

    private static let count = Atomic(0)

    /// Watches are made before the follower is.
    private final class Reports: Sendable {
        struct Reference { weak var follower: TektonFollower? }

        let follower = Mutex(Reference())

        func report(_ status: ComponentStatus) {
            follower.withLock { $0.follower }?.state.withLock { $0.report(status) }
        }
    }

    // MARK: Instances of the processor

    /// An instance begins to run. The watches begin with the first.
    ///
    /// - Throws: why there are no watches.
    func enter(_ user: User) throws {
        let watches = try watches.get()
        let others = state.withLock { state in
            let others = state.users.map(\.options.durations)
            state.users.append(user)
            state.teller = state.users.first?.id
            if state.following == nil { state.following = Task { await self.follow(watches) } }
            return others
        }
        update { $0.change(to: user.options, besides: others) }
    }

    /// Tells an instance the state of the watches as it is now.
    func reportStatus(to id: ObjectIdentifier) {
        state.withLock { state in state.users.first { $0.id == id }?.report(state.status) }
    }

    /// An instance has ended. With the last one the watches do, which is waited for.
    ///
    /// - Returns: whether it was the last.
    func leave(_ id: ObjectIdentifier) async -> Bool {
        let (left, following) = state.withLock { state in
            state.users.removeAll { $0.id == id }
            state.report(state.status)
            guard let first = state.users.first else { return ([CorrelatorOptions](), state.following.take()) }
            state.teller = first.id
            return (state.users.map(\.options), nil)
        }
        if let options = left.last {
            update { $0.change(to: options, besides: left.dropLast().map(\.durations)) }
            return false
        }
        following?.cancel()
        await following?.value
        return true
    }

    /// Tells whoever comes after this one, with other watches, what spans have named: after the last instance has sent what it
    /// could, so that what could not be sent is made anew. Rather twice than never.
    func handOver() {
        guard let successor = state.withLock({ $0.successor }) else { return }
        successor.take(correlator.withLock { $0.sighted })
    }

    /// Whether this instance is the one that tells what is known: one does, also after the end of the last, as counters go
    /// on where they ended.
    func isTeller(_ id: ObjectIdentifier) -> Bool { state.withLock { $0.teller == id } }

    /// Takes the place of another one, whose watches are others: returns when its own have answered, so that nothing
    /// happens unseen in between, or when they take too long. What the other one has seen in spans comes when it ends.
    func succeed(_ other: TektonFollower) async {
        other.state.withLock { $0.successor = self }
        await withTaskGroup { group in
            group.addTask { for await _ in self.answered.stream {} }
            group.addTask { try? await Task.sleep(for: Self.patience) }
            await group.next()
            group.cancelAll()
        }
    }

    private func take(_ sightings: [(key: ObjectKey, traceID: TraceID)]) {
        let now = now
        update { correlator in
            for (key, traceID) in sightings {
                correlator.sighted(namespace: key.namespace.utf8, taskRun: key.name.utf8, traceID: traceID, now: now)
            }
        }
    }

    // MARK: What is known

    private func follow(_ watches: TektonWatches) async {
        await withTaskGroup { group in
            group.addTask {
                await watches.run { change in
                    self.update { change.apply(to: &$0, now: self.now) }
                } tell: { tell in
                    self.update { $0.watchesTell(tell, now: self.now) }
                    if tell { self.answered.continuation.finish() }
                }
            }
            if let shards {
                group.addTask {
                    await shards.run {
                        watches.isUseful
                    } changed: { sharding in
                        self.update { $0.share(sharding, now: self.now) }
                    }
                }
            }
        }
    }

    var now: Moment { Moment(wall: .now, uptime: ContinuousClock.now - started) }

    var hasDueSpans: Bool { spansAreDue.load(ordering: .acquiring) }

    func withLock<Result: Sendable>(_ body: (inout sending Correlator) -> sending Result) -> Result {
        correlator.withLock { body(&$0) }
    }

    /// Changes the correlator, and keeps what is read without the lock in step.
    func update<Result: Sendable>(_ body: (inout sending Correlator) -> sending Result) -> Result {
        correlator.withLock { correlator in
            let result = body(&correlator)
            spansAreDue.store(correlator.hasDueSpans, ordering: .releasing)
            return result
        }
    }
}

extension TektonStepsConfiguration {
    /// Whether the watches are the same, and with whom what they tell is shared, whatever else is not.
    func hasWatches(of other: Self) -> Bool {
        access == other.access && namespaces == other.namespaces && labelSelector == other.labelSelector
            && followsEvents == other.followsEvents && sharding == other.sharding
    }

    var followsEvents: Bool { correlator.spans.imagePulls || correlator.spans.schedule }
}
