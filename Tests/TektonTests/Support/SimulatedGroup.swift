import Kubernetes
import OTLP
import TestSupport

@testable import Tekton

/// Replicas that share the TaskRuns of a cluster over Leases, in one thread and without a clock: each has a correlator and
/// a membership of its own, sees the objects with a lag of its own, and may die, leave, join, stand still or be cut off.
struct SimulatedGroup {
    struct Faults {
        var kills = false
        var leaves = false
        var joins = true
        var stalls = false
        /// The API server is away for all.
        var outages = false
        var longestLag: Int64 = 500
    }

    private struct Replica {
        let number: Int
        var correlator: Correlator
        var group: LeaseGroup
        var isFit = false
        /// How many changes of each watch it has seen.
        var seen = [0, 0, 0]
        var lag: Int64 = 0
        var nextLeaseRound: Int64 = 0
        /// Until then nothing is done at all.
        var stalledUntil: Int64 = 0
        /// Until then the API server cannot be reached.
        var cutOffUntil: Int64 = 0
        /// After a fault there are no others for a while.
        var soundFrom: Int64 = 0
    }

    private static let step: Int64 = 250

    private let faults: Faults
    /// By watch: TaskRuns, Pods, Events; with the time of each.
    private var watches: [[(time: Int64, change: Recording.Change)]] = [[], [], []]
    private let changes: [Recording.Change]
    private var replicas: [Replica] = []
    private var started = 0
    private var leases: [Lease] = []
    private var revision = 0
    /// Milliseconds since the epoch of the runs.
    private var time: Int64 = 0
    private var generator: SeededGenerator
    private var emitted: [SpanID: TektonSpan] = [:]
    private var copies: [SpanID: Int] = [:]
    private(set) var problems: [String] = []
    private(set) var takenOver = 0

    /// The number of spans that were sent more than once.
    var doubles: Int { copies.values.count { $0 > 1 } }

    init(seed: UInt64, faults: Faults) {
        generator = SeededGenerator(seed: seed ^ 0x5A4D)
        self.faults = faults
        var changes: [Recording.Change] = []
        for index in 0..<8 as Range<UInt64> {
            let run = SimulatedRun(seed: seed &+ index, start: .random(in: 20_000...70_000, using: &generator))
            changes += run.changes
            for (change, time) in zip(run.changes, run.times) {
                watches[change.watch].append((time, change))
            }
        }
        self.changes = changes
        // Stable, so that changes of one moment stay in their order.
        for index in watches.indices {
            watches[index] = watches[index].enumerated()
                .sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
        }
    }

    /// Plays all of it, and says what is wrong with what came out.
    mutating func play() {
        for _ in 0..<3 { join() }
        let end = (watches.flatMap { $0 }.map(\.time).max() ?? 0) + 240_000
        while time < end {
            if time > 15_000 { disturb() }
            for index in replicas.indices { advance(index) }
            time += Self.step
        }
        for replica in replicas { takenOver += replica.correlator.counters.takenOver }
        let expected = Explanation(ExplainedObjects(changes)).spans
        for span in expected where emitted[span.spanID] != span {
            let found = emitted[span.spanID].map { "\($0)" } ?? "nothing"
            problems.append("expected \(span.name) of \(span.taskRun): \(span)\nfound \(found)")
        }
        let ids = Set(expected.map(\.spanID))
        for (id, span) in emitted where !ids.contains(id) { problems.append("too much: \(span.name): \(span)") }
    }

    // MARK: - Replicas

    private mutating func join() {
        started += 1
        let configuration = LeaseGroup.Configuration(
            namespace: "steptrace",
            name: "replica-\(generator.next() % 1_000_000)-\(started)",
            identity: "replica-\(started)",
            labels: [:],
            duration: .seconds(15),
            renewInterval: .seconds(5)
        )
        var correlator = Correlator(options: CorrelatorOptions(completedMaxAge: .zero))
        correlator.share(.undecided, now: now)
        var replica = Replica(number: started, correlator: correlator, group: LeaseGroup(configuration))
        list(&replica)
        replicas.append(replica)
    }

    /// What the lists at a start show: the objects that there are, each in its last version.
    private func list(_ replica: inout Replica) {
        for (watch, events) in watches.enumerated() {
            let past = events.prefix { $0.time <= time }
            replica.seen[watch] = past.count
            var current: [String: Recording.Change] = [:]
            for (_, change) in past { current[change.uid] = change.isDeletion ? nil : change }
            for (_, change) in current.sorted(by: { $0.key < $1.key }) { Self.show(change, &replica.correlator, now) }
        }
        replica.isFit = true
    }

    private mutating func advance(_ index: Int) {
        guard time >= replicas[index].stalledUntil else { return }
        if time >= replicas[index].cutOffUntil { Self.follow(&replicas[index], watches, time, now) }
        if chance(0.5) { keepLease(index) }
        replicas[index].correlator.tick(now: now)
        keepLease(index)
        if chance(0.3) { pass(replicas[index].correlator.take(from: traces), index) }
        pass(replicas[index].correlator.takeOverdue(now: now), index)
    }

    private static func follow(
        _ replica: inout Replica,
        _ watches: [[(time: Int64, change: Recording.Change)]],
        _ time: Int64,
        _ now: Moment
    ) {
        for (watch, events) in watches.enumerated() {
            while replica.seen[watch] < events.count, events[replica.seen[watch]].time <= time - replica.lag {
                show(events[replica.seen[watch]].change, &replica.correlator, now)
                replica.seen[watch] += 1
            }
        }
    }

    private static func show(_ change: Recording.Change, _ correlator: inout Correlator, _ now: Moment) {
        switch change {
        case .taskRun(let taskRun, true): correlator.deleted(taskRun.metadata.key, last: taskRun, now: now)
        case .taskRun(let taskRun, false): correlator.apply(taskRun, now: now)
        case .pod(let pod, true): correlator.deleted(pod.metadata.key, last: pod, now: now)
        case .pod(let pod, false): correlator.apply(pod, now: now)
        case .event(let event, _): correlator.apply(event, now: now)
        }
    }

    private mutating func pass(_ injection: Injection, _ index: Int) {
        if chance(0.2) {
            replicas[index].correlator.giveBack(injection)
        } else {
            send(injection)
            replicas[index].correlator.confirm(injection)
        }
    }

    private mutating func send(_ injection: Injection) {
        for span in injection.spans {
            if let before = emitted[span.spanID], before != span {
                problems.append("sent again and differently: \(span.name): \(before)\nthen \(span)")
            }
            emitted[span.spanID] = span
            copies[span.spanID, default: 0] += 1
        }
    }

    // MARK: - Leases

    private mutating func keepLease(_ index: Int) {
        guard time >= replicas[index].nextLeaseRound else { return }
        while true {
            let next = replicas[index].group.next(now: uptime, wall: now.wall, isFit: replicas[index].isFit)
            switch next {
            case .wait(let pause):
                replicas[index].nextLeaseRound = time + Int64(pause / .milliseconds(1))
                replicas[index].correlator.share(Sharding(replicas[index].group.membership), now: now)
                return
            case .send(let request):
                guard time >= replicas[index].cutOffUntil else {
                    replicas[index].group.failed(request, KubernetesError(.connect, "cut off"), now: uptime)
                    continue
                }
                perform(request, index)
            }
        }
    }

    private mutating func perform(_ request: LeaseGroup.Request, _ index: Int) {
        func failed(_ kind: KubernetesError.Kind) {
            replicas[index].group.failed(request, KubernetesError(kind, "no"), now: uptime)
        }
        revision += 1
        switch request {
        case .list:
            replicas[index].group.listed(leases, now: uptime)
        case .create(var lease):
            guard !leases.contains(where: { $0.metadata.name == lease.metadata.name }) else {
                return failed(.server(status: 409))
            }
            lease.metadata.uid = "lease-\(revision)"
            lease.metadata.resourceVersion = "\(revision)"
            lease.metadata.creationTimestamp = Self.wall(time / 1000 * 1000)
            leases.append(lease)
            replicas[index].group.created(lease, sent: uptime)
        case .renew(var lease):
            guard let position = leases.firstIndex(where: { $0.metadata.uid == lease.metadata.uid }) else {
                return failed(.notFound)
            }
            guard leases[position].metadata.resourceVersion == lease.metadata.resourceVersion else {
                return failed(.server(status: 409))
            }
            lease.metadata.resourceVersion = "\(revision)"
            leases[position] = lease
            replicas[index].group.renewed(lease, sent: uptime, now: uptime)
        case .delete(let lease):
            guard let position = leases.firstIndex(where: { $0.metadata.uid == lease.metadata.uid }) else {
                return failed(.notFound)
            }
            guard leases[position].metadata.resourceVersion == lease.metadata.resourceVersion else {
                return failed(.server(status: 409))
            }
            leases.remove(at: position)
            replicas[index].group.deleted(lease)
        }
    }

    // MARK: - Faults

    /// The first replica stays, and is never away for as long as its Lease lasts: without one that has seen it all nobody
    /// could know it all.
    private mutating func disturb() {
        guard chance(0.05) else { return }
        let index = Int.random(in: 0..<replicas.count, using: &generator)
        if faults.longestLag > 0 { replicas[index].lag = .random(in: 0...faults.longestLag, using: &generator) }
        guard time >= replicas[index].soundFrom else { return }
        let longest: Int64 = index == 0 ? 6000 : 25_000
        switch Int.random(in: 0..<6, using: &generator) {
        case 0 where faults.kills && index > 0:
            takenOver += replicas[index].correlator.counters.takenOver
            replicas.remove(at: index)
        case 1 where faults.leaves && index > 0:
            var replica = replicas.remove(at: index)
            takenOver += replica.correlator.counters.takenOver
            while replica.correlator.hasDueSpans { send(replica.correlator.takeAny()) }
            if let lease = replica.group.leave() { leases.removeAll { $0.metadata.uid == lease.metadata.uid } }
        case 2 where faults.joins && replicas.count < 5:
            join()
        case 3 where faults.stalls:
            replicas[index].stalledUntil = time + .random(in: 500...longest, using: &generator)
            replicas[index].soundFrom = replicas[index].stalledUntil + 40_000
        case 4 where faults.stalls:
            replicas[index].cutOffUntil = time + .random(in: 500...longest, using: &generator)
            replicas[index].soundFrom = replicas[index].cutOffUntil + 40_000
        case 5 where faults.outages && replicas.allSatisfy { time >= $0.soundFrom }:
            let end = time + .random(in: 500...30_000, using: &generator)
            for index in replicas.indices {
                replicas[index].cutOffUntil = end
                replicas[index].soundFrom = end + 40_000
            }
        default:
            break
        }
    }

    private var traces: [TraceID] {
        watches[0].compactMap { event in
            guard case .taskRun(let taskRun, _) = event.change else { return nil }
            return taskRun.spanContext?.traceID
        }
    }

    private var uptime: Duration { .milliseconds(time) }

    private var now: Moment { Moment(wall: Self.wall(time), uptime: uptime) }

    private static func wall(_ milliseconds: Int64) -> KubernetesTime {
        KubernetesTime(unixNanoseconds: (SimulatedRun.epoch + milliseconds) * 1_000_000)
    }

    private mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &generator) < probability
    }
}

extension Recording.Change {
    fileprivate var watch: Int {
        switch self {
        case .taskRun: 0
        case .pod: 1
        case .event: 2
        }
    }

    fileprivate var uid: String {
        switch self {
        case .taskRun(let taskRun, _): taskRun.metadata.uid
        case .pod(let pod, _): pod.metadata.uid
        case .event(let event, _): event.metadata.uid
        }
    }

    fileprivate var isDeletion: Bool {
        switch self {
        case .taskRun(_, let isDeleted), .pod(_, let isDeleted), .event(_, let isDeleted): isDeleted
        }
    }
}

extension TektonSpan {
    fileprivate var taskRun: String {
        guard case .string(let uid) = attributes.first(where: { $0.key == "tekton.task_run.uid" })?.value else {
            return ""
        }
        return uid
    }
}
