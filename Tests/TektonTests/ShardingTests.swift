import FoundationEssentials
import Kubernetes
import OTLP
import Testing

@testable import Tekton

@Suite("TaskRuns that replicas share")
struct ShardingTests {
    private static func seconds(_ seconds: Int64) -> KubernetesTime {
        KubernetesTime(unixNanoseconds: seconds * 1_000_000_000)
    }

    /// Replicas by name, with the time from which on they count.
    private static func view(_ replicas: [String: Int64], own: String? = nil) -> ShardView {
        ShardView(
            replicas: replicas.map {
                ShardView.Replica(id: $0.key, eligibleFrom: seconds($0.value), aliveSince: seconds($0.value))
            },
            own: own,
            leaseDuration: .seconds(15)
        )
    }

    // MARK: - Owners

    @Test func whoOwnsWhatIsTheSameInEveryVersion() {
        let view = Self.view(["a": 0, "b": 0, "c": 0])
        let owners = (0..<12).map { view.owner(ofUID: "uid-\($0)", created: Self.seconds(1)) ?? "-" }
        #expect(owners.joined() == "bababaabbcac")
    }

    @Test("each TaskRun has one owner, and each replica its share")
    func balance() {
        for count in 1...5 {
            let names = (0..<count).map { "steptrace-7d9c-\($0)" }
            let views = names.map { Self.view(Dictionary(uniqueKeysWithValues: names.map { ($0, 0) }), own: $0) }
            var shares = [Int](repeating: 0, count: count)
            for index in 0..<10_000 {
                let uid = "3f2c7f4e-\(index)-4f0b-9c5a-\(index * 7919)"
                let owners = views.indices.filter { views[$0].owns(uid: uid, created: Self.seconds(5)) }
                #expect(owners.count == 1)
                for owner in owners { shares[owner] += 1 }
            }
            for share in shares { #expect(abs(share - 10_000 / count) < 500, "\(shares)") }
        }
    }

    @Test("when one goes, only what was its own moves, and to all others")
    func leaving() {
        let all = Self.view(["a": 0, "b": 0, "c": 0, "d": 0])
        let rest = Self.view(["a": 0, "b": 0, "d": 0])
        var heirs: Set<String> = []
        for index in 0..<1000 {
            let before = all.owner(ofUID: "uid-\(index)", created: Self.seconds(9))
            let after = rest.owner(ofUID: "uid-\(index)", created: Self.seconds(9))
            if before == "c" { heirs.insert(after ?? "") } else { #expect(before == after) }
        }
        #expect(heirs == ["a", "b", "d"])
    }

    @Test("one that joins gets a share of what is created later, and nothing of what there is")
    func joining() {
        let before = Self.view(["a": 0, "b": 0])
        let after = Self.view(["a": 0, "b": 0, "c": 100])
        var hasShare = false
        for index in 0..<1000 {
            let uid = "uid-\(index)"
            #expect(
                before.owner(ofUID: uid, created: Self.seconds(99))
                    == after.owner(ofUID: uid, created: Self.seconds(99))
            )
            hasShare = hasShare || after.owner(ofUID: uid, created: Self.seconds(100)) == "c"
        }
        #expect(hasShare)
    }

    @Test func whatIsOlderThanAllGoesToTheOldest() {
        let view = Self.view(["young": 200, "old": 100], own: "old")
        for index in 0..<100 {
            #expect(view.owner(ofUID: "uid-\(index)", created: Self.seconds(1)) == "old")
            #expect(view.owner(ofUID: "uid-\(index)", created: nil) == "old")
            #expect(view.owns(uid: "uid-\(index)", created: nil))
        }
        #expect(Self.view([:]).owner(ofUID: "uid", created: nil) == nil)
        // Its Lease may be younger than it is.
        let renewed = ShardView(
            replicas: [
                ShardView.Replica(id: "a", eligibleFrom: Self.seconds(200), aliveSince: Self.seconds(200)),
                ShardView.Replica(id: "b", eligibleFrom: Self.seconds(300), aliveSince: Self.seconds(100)),
            ],
            own: nil,
            leaseDuration: .zero
        )
        #expect(renewed.owner(ofUID: "uid", created: Self.seconds(150)) == "b")
        #expect(renewed.owner(ofUID: "uid", created: Self.seconds(250)) == "a")
    }

    // MARK: - The correlator

    private static let pod = Facts.pod([("step-a", Facts.ended(0, from: 5, to: 9))], phase: "Succeeded")
    private static let done = Facts.taskRun(done: ("True", "Succeeded"))

    private static func at(_ seconds: Double) -> Moment {
        Moment(wall: Facts.time(30 + seconds), uptime: .milliseconds(Int64(seconds * 1000)))
    }

    /// Knows a TaskRun that is over, which `owner` is to make the spans of.
    private static func correlator(owner: String) -> Correlator {
        var correlator = Correlator()
        correlator.share(.undecided, now: at(0))
        correlator.apply(pod, now: at(0))
        correlator.apply(done, now: at(0))
        correlator.share(owner == "me" ? alone : others, now: at(0))
        return correlator
    }

    private static let alone = Sharding.among(view(["me": 1 << 32], own: "me"))
    private static let others = Sharding.among(view(["other": 0, "me": 1 << 32], own: "me"))

    @Test func anOwnTaskRunNeedsNoSpanThatNamesIt() {
        var correlator = Self.correlator(owner: "me")
        #expect(correlator.takeAny().spans.map(\.name).contains("step a"))
    }

    @Test func nothingIsMadeOfAnothersAndASpanThatNamesItChangesNothing() {
        var correlator = Self.correlator(owner: "other")
        correlator.sighted(
            namespace: Array("ci".utf8),
            taskRun: Array("run".utf8),
            traceID: Facts.context.traceID,
            now: Self.at(1)
        )
        correlator.tick(now: Self.at(30))
        #expect(!correlator.hasDueSpans)
        #expect(correlator.figures.waitingSightings == 0)
    }

    @Test func whatTheDeadMayNotHaveSentIsSentByWhoTakesOver() {
        var expected = Self.correlator(owner: "me")
        expected.tick(now: Self.at(3))
        var correlator = Self.correlator(owner: "other")
        correlator.tick(now: Self.at(20))
        correlator.share(Self.alone, now: Self.at(20))
        correlator.tick(now: Self.at(21))
        #expect(Set(correlator.takeAny().spans.map(\.spanID)) == Set(expected.takeAny().spans.map(\.spanID)))
        #expect(correlator.counters.takenOver == 1)
        #expect(correlator.figures.finished == 1)
    }

    @Test("standing by ends, and with it the memory; what is taken over later has been sent")
    func standingByEnds() {
        var correlator = Self.correlator(owner: "other")
        correlator.tick(now: Self.at(5))
        #expect(correlator.figures.followed == 1)
        correlator.tick(now: Self.at(60))
        #expect(correlator.figures.followed == 1)
        correlator.tick(now: Self.at(75))
        #expect(correlator.figures.followed == 0)
        correlator.share(Self.alone, now: Self.at(76))
        correlator.tick(now: Self.at(77))
        #expect(!correlator.hasDueSpans)
    }

    @Test("one that was over long before it was seen is not stood by for")
    func longOver() {
        var correlator = Correlator()
        correlator.share(.undecided, now: Self.at(1000))
        correlator.apply(Self.pod, now: Self.at(1000))
        correlator.apply(Self.done, now: Self.at(1000))
        correlator.share(Self.others, now: Self.at(1000))
        correlator.tick(now: Self.at(1003))
        correlator.tick(now: Self.at(1009))
        #expect(correlator.figures.followed == 0)
    }

    @Test func whatFallsToAnotherWaitsUntilThatOneWouldHaveSentIt() {
        var correlator = Self.correlator(owner: "me")
        #expect(correlator.hasDueSpans)
        correlator.share(Self.others, now: Self.at(1))
        #expect(!correlator.hasDueSpans)
        correlator.share(Self.alone, now: Self.at(2))
        #expect(correlator.hasDueSpans)
        correlator.share(Self.others, now: Self.at(3))
        correlator.tick(now: Self.at(80))
        correlator.share(Self.alone, now: Self.at(81))
        #expect(!correlator.hasDueSpans)
    }

    @Test func aRefusedBatchIsDueAgainOnlyWhereItStillBelongs() {
        var correlator = Self.correlator(owner: "me")
        let injection = correlator.takeAny()
        correlator.share(Self.others, now: Self.at(1))
        correlator.giveBack(injection)
        #expect(!correlator.hasDueSpans)
        correlator.share(Self.alone, now: Self.at(2))
        #expect(Set(correlator.takeAny().spans.map(\.spanID)).isSuperset(of: injection.spans.map(\.spanID)))
    }

    @Test("without the right to Leases all is as without sharding: what a span has named gets its spans")
    func withoutRights() {
        var correlator = Correlator()
        correlator.share(.undecided, now: Self.at(0))
        correlator.sighted(
            namespace: Array("ci".utf8),
            taskRun: Array("run".utf8),
            traceID: Facts.context.traceID,
            now: Self.at(0)
        )
        correlator.apply(Self.pod, now: Self.at(0))
        correlator.apply(Self.done, now: Self.at(0))
        #expect(!correlator.hasDueSpans)
        correlator.share(.off, now: Self.at(1))
        #expect(correlator.hasDueSpans)

        // Rights that are lost later: everything that is followed counts as named.
        var later = Self.correlator(owner: "other")
        later.share(.off, now: Self.at(1))
        #expect(later.hasDueSpans)
    }

    @Test func whoeverComesNextWithoutSharingLosesNothingThatWasFollowed() {
        #expect(Self.correlator(owner: "other").sighted.map(\.key.name) == ["run"])
        var alone = Correlator()
        alone.apply(Self.done, now: Self.at(0))
        #expect(alone.sighted.isEmpty)
    }

    @Test func roomIsMadeOfOthersTaskRunsFirst() {
        var correlator = Correlator(options: CorrelatorOptions(maxTrackedTaskRuns: 1))
        correlator.share(Self.others, now: Self.at(0))
        correlator.apply(Self.done, now: Self.at(0))
        correlator.apply(Facts.taskRun("next", uid: "next"), now: Self.at(1))
        #expect(correlator.counters.droppedTaskRuns == 1)
        #expect(correlator.summary(of: "next") != nil)
    }

    // MARK: - All together

    /// `STEPTRACE_GROUPS` sets their number, `STEPTRACE_GROUP_SEED` the seed of the first.
    @Test(
        "Whatever replicas die, leave, join, stand still or are cut off, the spans of a single gateway come out, the same",
        arguments: [
            SimulatedGroup.Faults(kills: true, joins: true),
            SimulatedGroup.Faults(leaves: true, joins: true, longestLag: 2000),
            SimulatedGroup.Faults(kills: true, leaves: true, joins: true, stalls: true, longestLag: 3000),
            SimulatedGroup.Faults(kills: true, joins: true, outages: true),
        ]
    )
    func faults(faults: SimulatedGroup.Faults) {
        var takenOver = 0
        play { seed in
            var group = SimulatedGroup(seed: seed, faults: faults)
            group.play()
            takenOver += group.takenOver
            return group.problems
        }
        #expect(takenOver > 0, "nothing was tried")
    }

    @Test("Without faults, though others join, each span comes out once")
    func once() {
        play { seed in
            var group = SimulatedGroup(seed: seed, faults: SimulatedGroup.Faults())
            group.play()
            return group.problems + (group.doubles > 0 ? ["\(group.doubles) spans were sent more than once"] : [])
        }
    }

    private func play(_ problems: (UInt64) -> [String]) {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["STEPTRACE_GROUPS"].flatMap { UInt64($0) } ?? 5
        let first = environment["STEPTRACE_GROUP_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ..< .max / 2)
        for index in 0..<count {
            let seed = first + index * 100
            let found = problems(seed)
            guard found.isEmpty else {
                Issue.record(
                    "STEPTRACE_GROUP_SEED=\(seed) STEPTRACE_GROUPS=1: \(found.prefix(5).joined(separator: "\n"))"
                )
                return
            }
        }
    }
}
