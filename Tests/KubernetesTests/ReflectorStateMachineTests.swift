import Testing

@testable import Kubernetes

typealias Machine = ReflectorStateMachine

func key(_ name: String, uid: String = "u") -> ObjectKey {
    ObjectKey(namespace: "ci", name: name, uid: uid)
}

/// After client-go's reflector_test.go, where there is a test of the same meaning.
@Suite struct ReflectorStateMachineTests {
    private var machine = Machine(random: { 0 })
    /// What is followed by a list.
    private let damaged = KubernetesError(.storageRead, "corrupt object")
    private let expired = KubernetesError(.expired, "too old resource version")
    private let tooMany = KubernetesError(.tooManyRequests, "too many requests")

    /// Lists so many objects and begins the watch.
    private mutating func synced(_ names: [String] = [], version: String = "10") {
        _ = machine.start()
        _ = machine.listed(Machine.Page(keys: names.map { key($0) }, resourceVersion: version, continueToken: ""))
        _ = machine.watchStarted()
    }

    private func page(_ names: [String], version: String, token: String = "") -> Machine.Page {
        Machine.Page(keys: names.map { key($0) }, resourceVersion: version, continueToken: token)
    }

    private func watch(_ version: String) -> Machine.Next {
        .watch(Machine.WatchRequest(resourceVersion: version, timeoutSeconds: 300))
    }

    private func list(_ version: String, limit: Int? = nil, token: String? = nil) -> Machine.Next {
        .list(Machine.ListRequest(resourceVersion: version, limit: limit, continueToken: token))
    }

    // MARK: Lists

    @Test mutating func firstListTakesAnyStateInPages() {
        #expect(machine.start() == list("0", limit: 500))
    }

    @Test mutating func watchesFromTheListsOwnVersion() {
        _ = machine.start()
        let actions = machine.listed(page(["a", "b"], version: "10"))
        #expect(actions.emissions == [.applied(item: 0), .applied(item: 1), .synced])
        #expect(actions.next == watch("10"))
    }

    @Test mutating func followsContinueTokensAndSyncsOnceAtTheEnd() {
        _ = machine.start()
        let first = machine.listed(page(["a"], version: "10", token: "t1"))
        #expect(first == Machine.Actions(emissions: [.applied(item: 0)], next: list("", limit: 500, token: "t1")))
        let second = machine.listed(page(["b"], version: "12", token: "t2"))
        #expect(second.next == list("", limit: 500, token: "t2"))
        let last = machine.listed(page([], version: "14"))
        #expect(last == Machine.Actions(emissions: [.synced], next: watch("10")))
    }

    @Test mutating func relistsAtTheLastVersionInOnePiece() {
        synced(version: "10")
        _ = machine.watchEvent(.modified, key("a"), resourceVersion: "11")
        _ = machine.watchFailed(damaged, now: .zero)
        #expect(machine.timerFired() == list("11"))
    }

    @Test mutating func relistsInPagesWhereTheServerHasNoWatchCache() {
        _ = machine.start()
        _ = machine.listed(page(["a"], version: "10", token: "t"))
        _ = machine.listed(page(["b"], version: "10"))
        _ = machine.watchFailed(damaged, now: .zero)
        #expect(machine.timerFired() == list("10", limit: 500))
    }

    @Test mutating func anExpiredVersionIsFollowedByTheLatest() {
        synced(version: "10")
        _ = machine.watchFailed(damaged, now: .zero)
        #expect(machine.timerFired() == list("10"))
        #expect(machine.listFailed(expired, now: .zero) == Machine.Actions(next: list("", limit: 500)))
        #expect(machine.listed(page([], version: "11")).next == watch("11"))
        _ = machine.watchFailed(damaged, now: .zero)
        #expect(machine.timerFired() == list("11"))
    }

    @Test mutating func aTooLargeVersionIsFollowedByTheLatest() {
        let tooLarge = KubernetesError(.resourceVersionTooLarge, "Too large resource version")
        synced(version: "20")
        for version in ["30", "40"] {
            _ = machine.watchFailed(damaged, now: .zero)
            _ = machine.timerFired()
            #expect(machine.listFailed(tooLarge, now: .zero) == Machine.Actions(next: list("", limit: 500)))
            _ = machine.listed(page([], version: version))
        }
    }

    @Test mutating func anExpiredLatestListWaits() {
        _ = machine.start()
        _ = machine.listFailed(expired, now: .zero)
        let actions = machine.listFailed(expired, now: .zero)
        #expect(actions.next == .wait(Backoff.initial))
        #expect(machine.timerFired() == list("", limit: 500))
    }

    @Test mutating func anExpiredContinueTokenIsFollowedByAFullList() {
        _ = machine.start()
        _ = machine.listed(page(["a", "b"], version: "10", token: "t"))
        #expect(machine.listFailed(expired, now: .zero) == Machine.Actions(next: list("0")))
        // "b" was deleted meanwhile.
        let actions = machine.listed(page(["a", "c"], version: "12"))
        #expect(
            actions.emissions
                == [.applied(item: 0), .applied(item: 1), .deleted(key("b"), withObject: false), .synced]
        )
        #expect(actions.next == watch("12"))
    }

    @Test mutating func aListThatIsTooLargeComesInPagesAndThenInSmallerOnes() {
        let tooLarge = KubernetesError(.tooLarge, "longer than the limit")
        _ = machine.start()
        #expect(machine.listFailed(tooLarge, now: .zero) == Machine.Actions(next: list("", limit: 500)))
        #expect(machine.listFailed(tooLarge, now: .zero) == Machine.Actions(next: list("", limit: 250)))
        var actions = machine.listFailed(tooLarge, now: .zero)
        while actions.next != .wait(Backoff.initial) {
            actions = machine.listFailed(tooLarge, now: .zero)
        }
        #expect(actions.emissions == [.failed(tooLarge, retryIn: Backoff.initial)])
        #expect(machine.timerFired() == list("", limit: 1))
    }

    @Test(
        "a refused or failed list is retried for ever, and says so each time",
        arguments: [
            KubernetesError.Kind.forbidden, .unauthorized, .notFound, .connect, .transport, .tooManyRequests,
            .server(status: 500), .decoding,
        ]
    )
    func failedLists(kind: KubernetesError.Kind) {
        var machine = machine
        _ = machine.start()
        let error = KubernetesError(kind, "no")
        for attempt in 0..<50 {
            let actions = machine.listFailed(error, now: .seconds(attempt * 30))
            guard case .wait(let wait) = actions.next else {
                Issue.record("\(actions.next)")
                return
            }
            #expect(actions.emissions == [.failed(error, retryIn: wait)])
            #expect(wait >= Backoff.initial && wait <= Backoff.maximum)
            // It may be lost for its length: a list that may be old comes in one piece.
            let isLong = kind == .transport && attempt >= 3
            #expect(machine.timerFired() == list(isLong ? "" : "0", limit: 500))
        }
        let actions = machine.listed(page([], version: "1"))
        #expect(actions.emissions == [.synced])
        #expect(machine.watchStarted().emissions == [.recovered])
        #expect(machine.watchStarted().emissions == [])
    }

    @Test mutating func synthesisesTheDeletionsThatNoWatchToldOf() {
        synced(["a", "b", "c"])
        _ = machine.watchEvent(.added, key("d"), resourceVersion: "11")
        _ = machine.watchEvent(.deleted, key("b"), resourceVersion: "12")
        _ = machine.watchFailed(expired, now: .zero)
        _ = machine.timerFired()
        let actions = machine.listed(page(["c"], version: "20"))
        #expect(
            actions.emissions == [
                .applied(item: 0), .deleted(key("a"), withObject: false), .deleted(key("d"), withObject: false),
                .synced,
            ]
        )
    }

    @Test mutating func aReplacedObjectIsDeletedBeforeTheNewOneIsApplied() {
        synced(["a"])
        _ = machine.watchFailed(expired, now: .zero)
        _ = machine.timerFired()
        let new = Machine.Page(keys: [key("a", uid: "v")], resourceVersion: "20", continueToken: "")
        let old = Machine.Emission.deleted(key("a"), withObject: false)
        #expect(machine.listed(new).emissions == [old, .applied(item: 0), .synced])
        let newer = machine.watchEvent(.added, key("a", uid: "w"), resourceVersion: "21")
        #expect(newer.emissions == [.deleted(key("a", uid: "v"), withObject: false), .applied(item: 0)])
        // A late deletion of the older one must not hide the newer.
        let late = machine.watchEvent(.deleted, key("a"), resourceVersion: "22")
        #expect(late.emissions == [.deleted(key("a"), withObject: true)])
        _ = machine.watchFailed(expired, now: .zero)
        _ = machine.timerFired()
        let gone = machine.listed(page([], version: "30"))
        #expect(gone.emissions == [.deleted(key("a", uid: "w"), withObject: false), .synced])
    }

    // MARK: Watches

    @Test mutating func eventsAndBookmarksAdvanceTheVersion() {
        synced(version: "10")
        for (change, version) in [(Machine.Change.added, "11"), (.modified, "13"), (.deleted, "15")] {
            _ = machine.watchEvent(change, key("a"), resourceVersion: version)
            #expect(machine.watchEnded(nil, after: .seconds(300), events: 1, now: .zero).next == watch(version))
        }
        #expect(machine.bookmark(resourceVersion: "zz-9").emissions == [])
        #expect(machine.watchEnded(nil, after: .seconds(300), events: 1, now: .zero).next == watch("zz-9"))
    }

    @Test mutating func anEventWithoutVersionDoesNotSpoilIt() {
        synced(version: "10")
        _ = machine.watchEvent(.modified, key("a"), resourceVersion: "")
        _ = machine.bookmark(resourceVersion: "")
        #expect(machine.watchEnded(nil, after: .seconds(9), events: 2, now: .zero).next == watch("10"))
    }

    @Test mutating func repeatedObjectsDoNotAdvanceTheVersion() {
        // A server that lists without a version: the watch begins with all objects, in no order.
        synced(version: "")
        _ = machine.watchEvent(.added, key("b"), resourceVersion: "7")
        _ = machine.watchEvent(.added, key("a"), resourceVersion: "3")
        #expect(machine.watchEnded(nil, after: .seconds(9), events: 2, now: .zero).next == watch(""))
        _ = machine.watchEvent(.modified, key("a"), resourceVersion: "8")
        _ = machine.watchEvent(.added, key("c"), resourceVersion: "9")
        #expect(machine.watchEnded(nil, after: .seconds(9), events: 2, now: .zero).next == watch("9"))
    }

    @Test("watches last between five and ten minutes", arguments: [(0.0, 300), (0.5, 450), (0.999_999, 600)])
    func watchTimeout(random: Double, seconds: Int) {
        var machine = Machine(random: { random })
        _ = machine.start()
        let actions = machine.listed(page([], version: "1"))
        #expect(actions.next == .watch(Machine.WatchRequest(resourceVersion: "1", timeoutSeconds: seconds)))
    }

    @Test mutating func aLostConnectionIsFollowedByAWatchAtOnce() {
        synced(version: "10")
        let lost = KubernetesError(.transport, "reset")
        #expect(
            machine.watchEnded(lost, after: .seconds(2), events: 0, now: .zero) == Machine.Actions(next: watch("10"))
        )
        #expect(
            machine.watchEnded(lost, after: .milliseconds(2), events: 1, now: .zero)
                == Machine.Actions(next: watch("10"))
        )
    }

    @Test mutating func aVeryShortWatchIsFollowedByAWait() {
        synced(version: "10")
        let actions = machine.watchEnded(nil, after: .milliseconds(999), events: 0, now: .zero)
        #expect(actions.next == .wait(Backoff.initial))
        #expect(actions.emissions.count == 1)
        #expect(machine.timerFired() == watch("10"))
        #expect(machine.watchStarted().emissions == [.recovered])
    }

    /// As in client-go: such a list comes out of the server's cache, where the latest state would have to be got from
    /// etcd, by everybody at the same time.
    @Test mutating func anExpiredWatchIsFollowedByAListThatIsNotOlder() {
        synced(version: "10")
        let actions = machine.watchFailed(expired, now: .zero)
        #expect(actions.emissions == [.failed(expired, retryIn: Backoff.initial)])
        #expect(machine.timerFired() == list("10"))
        #expect(machine.listFailed(expired, now: .zero) == Machine.Actions(next: list("", limit: 500)))
    }

    @Test mutating func aSecondVeryShortWatchIsFollowedByAWaitWhateverItTold() {
        synced(version: "10")
        let short = Duration.milliseconds(10)
        #expect(machine.watchEnded(nil, after: short, events: 1, now: .zero).next == watch("10"))
        #expect(machine.watchEnded(nil, after: short, events: 1, now: .zero).next == .wait(Backoff.initial))
        #expect(machine.timerFired() == watch("10"))
        _ = machine.watchEnded(nil, after: .seconds(300), events: 1, now: .zero)
        #expect(machine.watchEnded(nil, after: short, events: 1, now: .zero).next == watch("10"))
    }

    @Test mutating func aDamagedStoreIsListedAnew() {
        synced(["a", "b"])
        _ = machine.watchFailed(KubernetesError(.storageRead, "corrupt object has been deleted"), now: .zero)
        #expect(machine.timerFired() == list("10"))
        let deleted = Machine.Emission.deleted(key("b"), withObject: false)
        #expect(machine.listed(page(["a"], version: "11")).emissions == [.applied(item: 0), deleted, .synced])
    }

    // MARK: Silence

    private func watch(_ version: String, silence: Duration) -> Machine.Next {
        .watch(Machine.WatchRequest(resourceVersion: version, timeoutSeconds: 300, longestSilence: silence))
    }

    @Test mutating func aSilentWatchIsGivenUpAndBegunAnewWhereItWas() {
        synced(version: "10")
        _ = machine.bookmark(resourceVersion: "11")
        #expect(machine.watchSilent(now: .zero) == Machine.Actions(next: watch("11", silence: .seconds(120))))
    }

    /// A watch from a version that is still to come, as after a restore from a backup, is told nothing, not even bookmarks.
    @Test mutating func theSecondWatchThatSaysNothingWhereBookmarksCameIsFollowedByAList() {
        synced(version: "10")
        _ = machine.bookmark(resourceVersion: "11")
        #expect(machine.watchSilent(now: .zero).next == watch("11", silence: .seconds(120)))
        #expect(machine.watchSilent(now: .zero).next == watch("11", silence: .seconds(120)))
        _ = machine.watchEvent(.added, key("a"), resourceVersion: "12")
        #expect(machine.watchSilent(now: .zero).next == watch("12", silence: .seconds(120)))
        _ = machine.bookmark(resourceVersion: "13")
        _ = machine.watchEnded(nil, after: .seconds(300), events: 1, now: .zero)
        #expect(machine.watchSilent(now: .zero).next == watch("13", silence: .seconds(120)))
        #expect(machine.watchSilent(now: .zero).next == list("13"))
        let tooLarge = KubernetesError(.resourceVersionTooLarge, "Too large resource version: 13, current: 5")
        #expect(machine.listFailed(tooLarge, now: .zero).next == list("", limit: 500))
        // Not again and again, where bookmarks are rare.
        _ = machine.listed(Machine.Page(keys: [], resourceVersion: "20", continueToken: ""))
        for minute in 1...30 {
            _ = machine.bookmark(resourceVersion: "21")
            _ = machine.watchEnded(nil, after: .seconds(300), events: 1, now: .seconds(60 * minute))
            for _ in 0..<3 {
                #expect(machine.watchSilent(now: .seconds(60 * minute)).next == watch("21", silence: .seconds(120)))
            }
        }
    }

    @Test mutating func anHourInWhichNothingIsToldIsFollowedByAList() {
        synced(version: "10")
        let hour = 3600
        for second in stride(from: 0, to: hour, by: 300) {
            let next = machine.watchEnded(nil, after: .seconds(300), events: 0, now: .seconds(second)).next
            #expect(next == watch("10"), "\(second)")
        }
        #expect(machine.watchEnded(nil, after: .seconds(300), events: 0, now: .seconds(hour)).next == list("10"))
    }

    @Test mutating func aListThatIsCutOffAgainAndAgainComesInPages() {
        synced(version: "10")
        _ = machine.watchFailed(expired, now: .zero)
        #expect(machine.timerFired() == list("10"))
        for attempt in 1...5 {
            _ = machine.listFailed(KubernetesError(.server(status: 504), "timed out"), now: .zero)
            #expect(machine.timerFired() == (attempt > 3 ? list("", limit: 500) : list("10")))
        }
    }

    @Test mutating func aServerWithoutBookmarksMayBeSilentUntilTheWatchShouldHaveEnded() {
        synced(version: "10")
        #expect(machine.watchSilent(now: .zero).next == watch("10", silence: .seconds(330)))
        _ = machine.watchEvent(.added, key("a"), resourceVersion: "11")
        #expect(machine.watchSilent(now: .zero).next == watch("11", silence: .seconds(330)))
        // They come after all.
        _ = machine.bookmark(resourceVersion: "12")
        #expect(machine.watchEnded(nil, after: .seconds(300), events: 1, now: .zero).next == watch("12"))
    }

    @Test(
        "a server that is busy or away is not asked for a list",
        arguments: [KubernetesError.Kind.tooManyRequests, .connect, .transport]
    )
    func noRelist(kind: KubernetesError.Kind) {
        var test = self
        test.synced(version: "10")
        var expectedWaits = [0.8, 1.6, 3.2, 6.4, 12.8, 15, 15].map { Duration.milliseconds($0 * 1000) }
        while !expectedWaits.isEmpty {
            let actions = test.machine.watchFailed(KubernetesError(kind, "no"), now: .zero)
            #expect(actions.next == .wait(expectedWaits.removeFirst()))
            #expect(test.machine.timerFired() == watch("10"))
        }
        #expect(test.machine.watchStarted().emissions == [.recovered])
    }

    @Test mutating func retryAfterIsHonouredWithinALimit() {
        synced(version: "10")
        let polite = KubernetesError(.tooManyRequests, "later", retryAfter: .seconds(7))
        #expect(machine.watchFailed(polite, now: .zero).next == .wait(.seconds(7)))
        _ = machine.timerFired()
        let absurd = KubernetesError(.tooManyRequests, "later", retryAfter: .seconds(86_400))
        #expect(machine.watchFailed(absurd, now: .zero).next == .wait(.seconds(120)))
        _ = machine.timerFired()
        // Shorter than our own wait: ours counts.
        let hasty = KubernetesError(.tooManyRequests, "later", retryAfter: .zero)
        #expect(machine.watchFailed(hasty, now: .zero).next == .wait(.milliseconds(3200)))
    }

    @Test("a server's errors are followed by watches for a while", arguments: [500, 502, 503, 504])
    func serverErrors(status: Int) {
        var test = self
        test.checkServerErrors(KubernetesError(.server(status: status), "etcd"))
    }

    private mutating func checkServerErrors(_ broken: KubernetesError) {
        synced(version: "10")
        for now in [0, 10, 30] {
            _ = machine.watchFailed(broken, now: .seconds(now))
            #expect(machine.timerFired() == watch("10"))
        }
        _ = machine.watchFailed(broken, now: .seconds(31))
        #expect(machine.timerFired() == list("10"))
        // A success begins a new while.
        _ = machine.listed(page([], version: "11"))
        _ = machine.watchFailed(broken, now: .seconds(60))
        #expect(machine.timerFired() == watch("11"))
        _ = machine.watchEvent(.added, key("a"), resourceVersion: "12")
        _ = machine.watchFailed(broken, now: .seconds(100))
        #expect(machine.timerFired() == watch("12"))
    }

    @Test mutating func aRefusedWatchIsTriedAgainAfterAList() {
        synced(version: "10")
        _ = machine.watchFailed(KubernetesError(.forbidden, "no watch"), now: .zero)
        #expect(machine.timerFired() == list("10"))
        // The list is allowed, but all is well only when the watch is.
        #expect(machine.listed(page([], version: "11")).emissions == [.synced])
        let actions = machine.watchFailed(KubernetesError(.forbidden, "no watch"), now: .zero)
        #expect(actions.next == .wait(Backoff.initial * 2))
    }
}

@Suite struct BackoffTests {
    @Test func growsWithJitterUpToTheMaximum() {
        var backoff = Backoff()
        var waits: [Duration] = []
        for _ in 0..<8 {
            waits.append(backoff.next(now: .zero, random: 0.999_999))
        }
        #expect(waits[0] > .milliseconds(1599) && waits[0] < .milliseconds(1600))
        #expect(waits.allSatisfy { $0 <= Backoff.maximum })
        #expect(waits[7] > .milliseconds(29_999))
    }

    @Test func beginsAnewAfterTwoMinutesWithoutFailure() {
        var backoff = Backoff()
        _ = backoff.next(now: .seconds(10), random: 0)
        #expect(backoff.next(now: .seconds(130), random: 0) == Backoff.initial * 2)
        #expect(backoff.next(now: .seconds(251), random: 0) == Backoff.initial)
    }
}
