import Synchronization
import Testing

@testable import Kubernetes

/// Ten replicas that watch one API server on a virtual clock: whatever befalls it, they do not fall upon it.
@Suite struct ReflectorFleetTests {
    @Test("a restart is followed by watches, not by lists", arguments: [false, true])
    func restart(streamsLists: Bool) {
        var fleet = Fleet(streamsLists: streamsLists)
        fleet.run(until: .seconds(600), trouble: [Trouble(.away, from: .seconds(100), to: .seconds(145))])
        #expect(fleet.lists(in: .seconds(1)...fleet.end) == [])
        // Everybody is back within the longest wait, and has asked now and then meanwhile, not all the time.
        #expect(fleet.following(at: .seconds(145) + Backoff.maximum) == 10)
        #expect(fleet.requests(in: .seconds(100) ... .seconds(145)).count <= 10 * 7)
    }

    @Test("neither is one behind a proxy that answers instead", arguments: [false, true])
    func restartBehindProxy(streamsLists: Bool) {
        var fleet = Fleet(streamsLists: streamsLists)
        fleet.run(until: .seconds(600), trouble: [Trouble(.unavailable, from: .seconds(100), to: .seconds(120))])
        #expect(fleet.lists(in: .seconds(1)...fleet.end) == [])
        #expect(fleet.following(at: .seconds(120) + Backoff.maximum) == 10)
    }

    @Test("a compaction costs each replica one list, and not all in the same moment", arguments: [false, true])
    func compaction(streamsLists: Bool) {
        var fleet = Fleet(streamsLists: streamsLists)
        let moment = Trouble(.compacted, from: .seconds(100), to: .milliseconds(100_100))
        fleet.run(until: .seconds(900), trouble: [moment])
        let lists = fleet.lists(in: .seconds(1)...fleet.end)
        #expect(lists.count == 10)
        #expect(Fleet.most(lists, within: .milliseconds(100)) <= 4)
        #expect(fleet.following(at: .seconds(103)) == 10)
    }

    @Test("a server that compacts all the time is listed ever less often", arguments: [false, true])
    func compactsAllTheTime(streamsLists: Bool) {
        var fleet = Fleet(streamsLists: streamsLists)
        fleet.run(until: .seconds(1300), trouble: [Trouble(.compacted, from: .seconds(100), to: .seconds(1300))])
        let later = fleet.lists(in: .seconds(200) ... .seconds(1300))
        // At the most: a list for each of the shortest of the longest waits, by ten replicas.
        #expect(later.count <= 10 * 1100 / 15 + 10)
        #expect(later.count >= 10 * 1100 / 30 - 10)
        #expect(Fleet.most(later, within: .seconds(1)) <= 6)
    }

    @Test("a server that throttles is left alone as long as it says", arguments: [false, true])
    func throttling(streamsLists: Bool) {
        var fleet = Fleet(streamsLists: streamsLists)
        fleet.run(until: .seconds(900), trouble: [Trouble(.throttling(.seconds(40)), from: .zero, to: .seconds(400))])
        // Not even the first list has come about: it is asked for again and again.
        #expect(fleet.requests(in: .zero ... .seconds(400)).count <= 10 * 11)
        #expect(fleet.following(at: .seconds(441)) == 10)
        #expect(fleet.lists(in: .seconds(441)...fleet.end) == [])
    }

    @Test("a throttled watch costs no list", arguments: [false, true])
    func throttledWatches(streamsLists: Bool) {
        var fleet = Fleet(streamsLists: streamsLists)
        let trouble = Trouble(.throttling(.seconds(1)), from: .seconds(100), to: .seconds(700))
        fleet.run(until: .seconds(900), trouble: [trouble])
        #expect(fleet.lists(in: .seconds(1)...fleet.end) == [])
        #expect(fleet.requests(in: .seconds(200) ... .seconds(700)).count <= 10 * 500 / 15 + 10)
        #expect(fleet.following(at: .seconds(700) + Backoff.maximum) == 10)
    }

    @Test("a server that ends every watch at once is not asked all the time", arguments: [false, true])
    func endsWatchesAtOnce(streamsLists: Bool) {
        var fleet = Fleet(streamsLists: streamsLists)
        fleet.run(until: .seconds(800), trouble: [Trouble(.endingWatches, from: .seconds(100), to: .seconds(800))])
        #expect(fleet.requests(in: .seconds(200) ... .seconds(800)).count <= 10 * 600 / 15 + 10)
    }
}

/// What is wrong with the server, and when.
private struct Trouble {
    enum Kind: Equatable {
        /// Connections are lost, and refused.
        case away
        /// Connections are lost, and requests answered with 503.
        case unavailable
        /// All watches are told that their version is too old, whichever it is.
        case compacted
        case throttling(Duration)
        /// All watches end as soon as they have begun.
        case endingWatches
    }

    let kind: Kind
    let range: Range<Duration>

    init(_ kind: Kind, from start: Duration, to end: Duration) {
        self.kind = kind
        range = start..<end
    }
}

private final class Dice: Sendable {
    private let random: Mutex<SplitMix>

    init(seed: UInt64) {
        random = Mutex(SplitMix(state: seed))
    }

    func throwOnce() -> Double {
        random.withLock { Double.random(in: 0..<1, using: &$0) }
    }
}

private struct Fleet {
    private struct Replica {
        var machine: ReflectorStateMachine
        var next: ReflectorStateMachine.Next
        /// When `next` happens; of a wait or an open watch, when it is over.
        var due = Duration.zero
        /// Of an open watch, when it was asked for.
        var watchingSince: Duration?
        var history: [(at: Duration, isFollowing: Bool)] = []
    }

    private struct Request {
        let at: Duration
        let isList: Bool
    }

    private var replicas: [Replica]
    private var requests: [Request] = []
    private var trouble: [Trouble] = []
    private(set) var end = Duration.zero

    init(streamsLists: Bool) {
        replicas = (0..<10).map { index in
            let dice = Dice(seed: UInt64(index))
            var machine = ReflectorStateMachine(
                configuration: .init(streamsLists: streamsLists),
                random: { dice.throwOnce() }
            )
            let next = machine.start()
            return Replica(machine: machine, next: next)
        }
    }

    func lists(in range: ClosedRange<Duration>) -> [Duration] {
        requests.filter { $0.isList && range.contains($0.at) }.map(\.at)
    }

    func requests(in range: ClosedRange<Duration>) -> [Duration] {
        requests.map(\.at).filter(range.contains)
    }

    /// How many replicas have a watch open.
    func following(at moment: Duration) -> Int {
        replicas.count(where: { replica in
            replica.history.last(where: { $0.at <= moment })?.isFollowing == true
        })
    }

    /// The most of these moments that lie in one window of that length.
    static func most(_ moments: [Duration], within window: Duration) -> Int {
        moments.map { start in moments.count(where: { $0 >= start && $0 < start + window }) }.max() ?? 0
    }

    mutating func run(until end: Duration, trouble: [Trouble]) {
        self.end = end
        self.trouble = trouble
        while let index = replicas.indices.min(by: { replicas[$0].due < replicas[$1].due }), replicas[index].due < end {
            step(index)
        }
    }

    private func trouble(at moment: Duration) -> Trouble.Kind? {
        trouble.first { $0.range.contains(moment) }?.kind
    }

    private mutating func step(_ index: Int) {
        let now = replicas[index].due
        switch replicas[index].next {
        case .wait:
            replicas[index].next = replicas[index].machine.timerFired()
        case .list:
            requests.append(Request(at: now, isList: true))
            // It takes a moment until the answer is there.
            replicas[index].due = now + .milliseconds(20)
            answerList(index, now: now)
        case .watch(let request):
            if let since = replicas[index].watchingSince {
                endWatch(index, since: since, now: now)
            } else {
                requests.append(Request(at: now, isList: request.sendsInitialEvents))
                replicas[index].due = now + .milliseconds(20)
                beginWatch(index, request, now: now)
            }
        case .read:
            Issue.record("reads without a watch")
            replicas[index].due = end
        }
    }

    private mutating func answerList(_ index: Int, now: Duration) {
        let actions: ReflectorStateMachine.Actions
        switch trouble(at: now) {
        case .away: actions = replicas[index].machine.listFailed(Self.refused, now: now)
        case .unavailable: actions = replicas[index].machine.listFailed(Self.unavailable, now: now)
        case .throttling(let time): actions = replicas[index].machine.listFailed(Self.throttled(time), now: now)
        case .compacted, .endingWatches, nil:
            let page = ReflectorStateMachine.Page(keys: [], resourceVersion: "rv", continueToken: "")
            actions = replicas[index].machine.listed(page)
        }
        take(actions, index)
    }

    private mutating func beginWatch(_ index: Int, _ request: ReflectorStateMachine.WatchRequest, now: Duration) {
        switch trouble(at: now) {
        case .away:
            return take(replicas[index].machine.watchFailed(Self.refused, now: now), index)
        case .unavailable:
            return take(replicas[index].machine.watchFailed(Self.unavailable, now: now), index)
        case .throttling(let time):
            return take(replicas[index].machine.watchFailed(Self.throttled(time), now: now), index)
        case .compacted, .endingWatches, nil:
            _ = replicas[index].machine.watchStarted()
        }
        if request.sendsInitialEvents {
            _ = replicas[index].machine.bookmark(resourceVersion: "rv", endsInitialEvents: true)
        }
        switch trouble(at: now) {
        case .compacted:
            take(replicas[index].machine.watchFailed(Self.expired, now: now), index)
        case .endingWatches:
            take(replicas[index].machine.watchEnded(nil, after: .milliseconds(5), events: 1, now: now), index)
        default:
            replicas[index].watchingSince = now
            replicas[index].history.append((now, true))
            let next = trouble.map(\.range.lowerBound).filter { $0 > now }.min() ?? end
            replicas[index].due = min(now + .seconds(request.timeoutSeconds), next)
        }
    }

    private mutating func endWatch(_ index: Int, since: Duration, now: Duration) {
        replicas[index].watchingSince = nil
        replicas[index].history.append((now, false))
        if trouble(at: now) == .compacted {
            return take(replicas[index].machine.watchFailed(Self.expired, now: now), index)
        }
        let isLost = trouble(at: now) == .away || trouble(at: now) == .unavailable
        let lost = isLost ? KubernetesError(.transport, "reset") : nil
        take(replicas[index].machine.watchEnded(lost, after: now - since, events: 5, now: now), index)
    }

    private mutating func take(_ actions: ReflectorStateMachine.Actions, _ index: Int) {
        replicas[index].next = actions.next
        if case .wait(let duration) = actions.next { replicas[index].due += duration }
    }

    private static let refused = KubernetesError(.connect, "refused")
    private static let unavailable = KubernetesError(.server(status: 503), "no backend")
    private static let expired = KubernetesError(.expired, "too old resource version")

    private static func throttled(_ time: Duration) -> KubernetesError {
        KubernetesError(.tooManyRequests, "later", retryAfter: time)
    }
}
