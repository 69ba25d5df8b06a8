import Testing

@testable import Kubernetes

@Suite("Membership by Leases")
struct LeaseGroupTests {
    /// A group of one member, and an API server with the Leases of others.
    private struct Stage {
        var group = LeaseGroup(
            LeaseGroup.Configuration(
                namespace: "ns",
                name: "me",
                identity: "pod-me",
                labels: ["steptrace/group": "g", "a": "b"],
                duration: .seconds(15),
                renewInterval: .seconds(5)
            )
        )
        var leases: [Lease] = []
        var revision = 0
        var now: Duration = .zero
        var isFit = true
        /// Answers of the next requests, in order; nil for the usual one.
        var failures: [KubernetesError?] = []
        private(set) var requests: [String] = []

        /// Until the group waits; the pause.
        @discardableResult
        mutating func round(_ limit: Int = 20) -> Duration {
            for _ in 0..<limit {
                switch group.next(now: now, wall: KubernetesTime(unixNanoseconds: 0), isFit: isFit) {
                case .wait(let pause): return pause
                case .send(let request): answer(request)
                }
            }
            Issue.record("no end of requests: \(requests)")
            return .zero
        }

        /// Rounds at their time, until this time has passed; others renew with each.
        mutating func run(_ time: Duration, renewing others: [String] = []) {
            let end = now + time
            while true {
                let pause = round()
                guard now + pause <= end else { break }
                now += pause
                for other in others { renew(other) }
            }
            now = end
        }

        mutating func renew(_ name: String) {
            revision += 1
            if let index = leases.firstIndex(where: { $0.metadata.name == name }) {
                leases[index].metadata.resourceVersion = "\(revision)"
            } else {
                leases.append(
                    Lease(
                        metadata: ObjectMeta(
                            name: name,
                            namespace: "ns",
                            uid: "uid-\(revision)",
                            resourceVersion: "\(revision)",
                            creationTimestamp: KubernetesTime(unixNanoseconds: 7)
                        ),
                        holder: "pod-\(name)",
                        durationSeconds: 15
                    )
                )
            }
        }

        private mutating func answer(_ request: LeaseGroup.Request) {
            requests.append(request.name)
            if !failures.isEmpty, let failure = failures.removeFirst() {
                return group.failed(request, failure, now: now)
            }
            switch request {
            case .list: group.listed(leases, now: now)
            case .create(let lease):
                if leases.contains(where: { $0.metadata.name == lease.metadata.name }) {
                    return group.failed(request, KubernetesError(.server(status: 409), "there is one"), now: now)
                }
                renew(lease.metadata.name)
                leases[leases.count - 1].acquireTime = lease.acquireTime
                group.created(leases[leases.count - 1], sent: now)
            case .renew(let lease):
                guard let known = leases.first(where: { $0.metadata.uid == lease.metadata.uid }) else {
                    return group.failed(request, KubernetesError(.notFound, "gone"), now: now)
                }
                guard known.metadata.resourceVersion == lease.metadata.resourceVersion else {
                    return group.failed(request, KubernetesError(.server(status: 409), "changed"), now: now)
                }
                renew(lease.metadata.name)
                group.renewed(leases.first { $0.metadata.uid == lease.metadata.uid } ?? lease, sent: now, now: now)
            case .delete(let lease):
                leases.removeAll { $0.metadata.uid == lease.metadata.uid }
                group.deleted(lease)
            }
        }

        mutating func takeRequests() -> [String] {
            defer { requests = [] }
            return requests
        }

        /// Names of who is there; nil as long as that is not known.
        var members: [String]? {
            guard case .members(let members, _) = group.membership else { return nil }
            return members.map(\.name)
        }

        var isMember: Bool {
            guard case .members(_, let own) = group.membership else { return false }
            return own != nil
        }

        var ownUID: String? {
            guard case .members(_, let own) = group.membership else { return nil }
            return own?.uid
        }
    }

    private static let unreachable = KubernetesError(.connect, "refused")

    @Test func whoElseIsThereIsLookedAtBeforeAndAfterJoining() {
        var stage = Stage()
        stage.renew("a")
        #expect(stage.round() == .seconds(5))
        #expect(stage.takeRequests() == ["list", "create", "list"])
        #expect(stage.members == ["a", "me"])
        #expect(stage.isMember)
        stage.now = .seconds(5)
        stage.round()
        #expect(stage.takeRequests() == ["renew", "list"])
    }

    @Test func itsLeaseSaysWhatKubernetesExpects() {
        var group = Stage().group
        _ = group.next(now: .zero, wall: KubernetesTime(unixNanoseconds: 5), isFit: true)
        group.listed([], now: .zero)
        guard
            case .send(.create(let lease)) = group.next(
                now: .zero,
                wall: KubernetesTime(unixNanoseconds: 5),
                isFit: true
            )
        else {
            Issue.record("it does not join")
            return
        }
        #expect(lease.metadata.name == "me" && lease.metadata.namespace == "ns")
        #expect(lease.metadata.labels == ["steptrace/group": "g", "a": "b"])
        #expect(lease.holder == "pod-me" && lease.durationSeconds == 15)
        #expect(lease.acquireTime == nil && lease.renewTime?.unixNanoseconds == 5)
        #expect(group.configuration.labelSelector == "a=b,steptrace/group=g")
    }

    @Test func oneThatCannotDoItsWorkWatchesAndDoesNotJoin() {
        var stage = Stage()
        stage.isFit = false
        stage.renew("a")
        stage.round()
        #expect(stage.takeRequests() == ["list"])
        #expect(stage.members == ["a"])
        #expect(!stage.isMember)
        stage.isFit = true
        stage.round()
        #expect(stage.members == ["a", "me"])
    }

    @Test func oneThatDoesNotRenewIsGoneAfterItsDurationAndNotBefore() {
        var stage = Stage()
        stage.renew("a")
        stage.run(.milliseconds(14_900))
        #expect(stage.members == ["a", "me"])
        stage.run(.milliseconds(200))
        #expect(stage.members == ["me"])
    }

    @Test func oneThatRenewsStays() {
        var stage = Stage()
        stage.renew("a")
        stage.run(.seconds(100), renewing: ["a"])
        #expect(stage.members == ["a", "me"])
    }

    @Test func aLongerLeaseOfAnotherIsHonoured() {
        var stage = Stage()
        stage.renew("a")
        stage.leases[0].durationSeconds = 60
        stage.run(.seconds(59))
        #expect(stage.members == ["a", "me"])
        stage.run(.seconds(2))
        #expect(stage.members == ["me"])
    }

    @Test func oneThatLeavesIsGoneWithTheNextList() {
        var stage = Stage()
        stage.renew("a")
        stage.round()
        stage.leases.removeAll { $0.metadata.name == "a" }
        stage.run(.seconds(6))
        #expect(stage.members == ["me"])
    }

    @Test("time in which nobody could look counts against nobody")
    func outage() {
        var stage = Stage()
        stage.renew("a")
        stage.run(.seconds(9))
        stage.failures = Array(repeating: Self.unreachable, count: 5)
        stage.run(.seconds(12))
        #expect(stage.members == ["a", "me"])
        stage.failures = []
        stage.run(.seconds(4), renewing: ["a"])
        #expect(stage.members == ["a", "me"])
    }

    @Test("one that is gone is noticed even while every other round fails")
    func flakiness() {
        var stage = Stage()
        stage.renew("a")
        stage.round()
        for _ in 0..<6 {
            stage.failures = [Self.unreachable]
            stage.now += .seconds(8)
            stage.round()
            stage.now += .seconds(4)
            stage.round()
        }
        #expect(stage.members == ["me"])
    }

    @Test func oneThatCouldNotRenewInTimeJoinsAnewForOthersMayHaveTakenOver() {
        var stage = Stage()
        stage.round()
        let before = stage.ownUID
        stage.failures = Array(repeating: Self.unreachable, count: 7)
        stage.run(.seconds(20))
        // Until it can be known who is there, all is as it was.
        #expect(stage.ownUID == before)
        stage.failures = []
        _ = stage.takeRequests()
        stage.run(.seconds(5))
        #expect(stage.takeRequests().prefix(3) == ["delete", "create", "list"])
        #expect(stage.isMember && stage.ownUID != before)
        #expect(stage.leases.count == 1)
        // All can see that it has been there for longer than its Lease.
        #expect(stage.leases[0].acquireTime == KubernetesTime(unixNanoseconds: 7))
    }

    @Test func oneWhoseWatchesStandStillGivesItsLeaseUp() {
        var stage = Stage()
        stage.renew("a")
        stage.round()
        stage.isFit = false
        stage.run(.seconds(21), renewing: ["a"])
        #expect(stage.members == ["a"])
        #expect(stage.leases.map(\.metadata.name) == ["a"])
    }

    @Test func aLeaseThatOthersHaveDeletedIsMadeAnewAtOnce() {
        var stage = Stage()
        stage.round()
        let before = stage.ownUID
        stage.leases = []
        stage.now = .seconds(5)
        stage.round()
        #expect(stage.takeRequests().suffix(3) == ["renew", "create", "list"])
        #expect(stage.isMember && stage.ownUID != before)
    }

    @Test func anAnswerThatWasLostIsMadeUpFor() {
        var stage = Stage()
        stage.failures = [nil, KubernetesError(.transport, "timeout")]
        stage.round()
        // It was made nevertheless.
        stage.renew("me")
        stage.now = .seconds(3)
        stage.round()
        #expect(stage.isMember)
        #expect(stage.leases.count == 1)
        // And one of a renewal.
        stage.now = .seconds(8)
        stage.failures = [KubernetesError(.transport, "timeout")]
        stage.round()
        stage.renew("me")
        stage.run(.seconds(10))
        #expect(stage.isMember)
        #expect(stage.leases.count == 1)
    }

    @Test func withoutTheRightThereIsNoGroupUntilItIsGranted() {
        var stage = Stage()
        let forbidden = KubernetesError(.forbidden, "no")
        stage.failures = [forbidden]
        #expect(stage.round() == .seconds(30))
        #expect(stage.group.membership == .impossible(forbidden))
        stage.now = .seconds(30)
        stage.round()
        #expect(stage.isMember)
        stage.failures = [nil, forbidden]
        stage.run(.seconds(6))
        #expect(stage.group.membership == .impossible(forbidden))
    }

    @Test func oneThatCannotJoinForLongGoesOnWithoutTheGroup() {
        var stage = Stage()
        let error = KubernetesError(.notFound, "no such namespace")
        for _ in 0..<10 {
            stage.failures = stage.group.membership == .unknown && stage.now == .zero ? [nil, error] : [error]
            stage.now += stage.round()
            if case .impossible = stage.group.membership { break }
        }
        #expect(stage.group.membership == .impossible(error))
        #expect(stage.now >= .seconds(15))
        stage.failures = []
        stage.run(.seconds(6))
        #expect(stage.isMember)
    }

    @Test func aLeaseThatWasLeftBehindIsDeletedLate() {
        var stage = Stage()
        stage.renew("a")
        stage.run(.seconds(280))
        #expect(stage.leases.count == 2)
        stage.run(.seconds(40))
        #expect(stage.leases.map(\.metadata.name) == ["me"])
    }

    @Test func leavingGivesTheLeaseUpWhateverItsVersion() {
        var stage = Stage()
        stage.round()
        let lease = stage.group.leave()
        #expect(lease?.metadata.name == "me" && lease?.metadata.uid.isEmpty == false)
        #expect(lease?.metadata.resourceVersion == "")
        var other = Stage()
        #expect(other.group.leave() == nil)
    }

    @Test("a Lease that may have been made is given up too", arguments: [true, false])
    func leavingBeforeTheAnswer(isRefused: Bool) {
        var stage = Stage()
        var asked: LeaseGroup.Request?
        let wall = KubernetesTime(unixNanoseconds: 0)
        while asked == nil, case .send(let request) = stage.group.next(now: .zero, wall: wall, isFit: true) {
            if case .create = request { asked = request } else { stage.group.listed([], now: .zero) }
        }
        guard let asked else { return #expect(asked != nil) }
        if isRefused { stage.group.failed(asked, KubernetesError(.server(status: 500), "no"), now: .zero) }
        let lease = stage.group.leave()
        #expect((lease == nil) == isRefused)
        #expect(isRefused || lease?.metadata.name == "me" && lease?.metadata.uid == "")
        #expect(stage.group.leave() == nil)
    }
}

extension LeaseGroup.Request {
    fileprivate var name: String {
        switch self {
        case .list: "list"
        case .create: "create"
        case .renew: "renew"
        case .delete: "delete"
        }
    }
}
