import Testing

@testable import Kubernetes

/// Streaming lists (KEP-3157), after client-go's reflector_watchlist_test.go.
@Suite struct ReflectorStreamingTests {
    private var machine = Machine(configuration: .init(streamsLists: true), random: { 0 })
    private let refused = KubernetesError(.server(status: 422), "sendInitialEvents is forbidden for watch")
    /// What is followed by an initial state.
    private let damaged = KubernetesError(.storageRead, "corrupt object")
    private let lost = KubernetesError(.transport, "reset")

    private func stream(_ version: String) -> Machine.Next {
        .watch(
            Machine.WatchRequest(
                resourceVersion: version,
                sendsInitialEvents: true,
                timeoutSeconds: 300,
                longestSilence: .seconds(15)
            )
        )
    }

    private func watch(_ version: String) -> Machine.Next {
        .watch(Machine.WatchRequest(resourceVersion: version, timeoutSeconds: 300))
    }

    private func list(_ version: String, limit: Int? = nil) -> Machine.Next {
        .list(Machine.ListRequest(resourceVersion: version, limit: limit))
    }

    /// Follows these objects from version 10 on.
    private mutating func synced(_ names: [String] = []) {
        _ = machine.start()
        _ = machine.watchStarted()
        for name in names { _ = machine.watchEvent(.added, key(name), resourceVersion: "1") }
        _ = machine.bookmark(resourceVersion: "10", endsInitialEvents: true)
    }

    @Test mutating func beginsWithAWatchThatTellsWhatThereIs() {
        #expect(machine.start() == stream(""))
        #expect(machine.awaitsInitialEvents)
        #expect(machine.watchStarted() == Machine.Actions(next: .read))
        let event = machine.watchEvent(.added, key("a"), resourceVersion: "7")
        #expect(event == Machine.Actions(emissions: [.applied(item: 0)], next: .read))
        let end = machine.bookmark(resourceVersion: "10", endsInitialEvents: true)
        #expect(end == Machine.Actions(emissions: [.synced], next: .read))
        #expect(!machine.awaitsInitialEvents)
    }

    @Test mutating func goesOnWithTheSameWatchAndThenWithOrdinaryOnes() {
        synced()
        _ = machine.watchEvent(.added, key("b"), resourceVersion: "11")
        #expect(machine.watchEnded(nil, after: .seconds(300), events: 3, now: .zero).next == watch("11"))
    }

    /// A stream may be silent for a short time only, as servers that do not know it are silent from the beginning.
    @Test mutating func silenceAfterTheInitialEventsSaysNothingOfBookmarks() {
        synced()
        #expect(machine.watchSilent(now: .zero) == Machine.Actions(next: watch("10")))
    }

    @Test mutating func isNotSyncedBeforeTheBookmarkThatEndsTheInitialEvents() {
        _ = machine.start()
        _ = machine.watchStarted()
        #expect(machine.bookmark(resourceVersion: "9") == Machine.Actions(next: .read))
        #expect(machine.bookmark(resourceVersion: "", endsInitialEvents: true) == Machine.Actions(next: .read))
        #expect(machine.awaitsInitialEvents)
    }

    @Test mutating func changesThatComeBeforeTheEndOfTheInitialEventsCount() {
        _ = machine.start()
        _ = machine.watchStarted()
        for name in ["a", "b"] { _ = machine.watchEvent(.added, key(name), resourceVersion: "1") }
        let modified = machine.watchEvent(.modified, key("a"), resourceVersion: "8")
        #expect(modified.emissions == [.applied(item: 0)])
        let deleted = machine.watchEvent(.deleted, key("b"), resourceVersion: "9")
        #expect(deleted.emissions == [.deleted(key("b"), withObject: true)])
        #expect(machine.bookmark(resourceVersion: "10", endsInitialEvents: true).emissions == [.synced])
    }

    @Test mutating func objectsThatAreNotRepeatedAreDeletedAtTheEndAndNotBefore() {
        synced(["a", "b", "c"])
        let expired = KubernetesError(.expired, "too old resource version")
        #expect(machine.watchFailed(expired, now: .zero).next == .wait(Backoff.initial))
        #expect(machine.timerFired() == stream("10"))
        _ = machine.watchStarted()
        #expect(machine.watchEvent(.added, key("c"), resourceVersion: "3").emissions == [.applied(item: 0)])
        let replaced = machine.watchEvent(.added, key("a", uid: "v"), resourceVersion: "19")
        #expect(replaced.emissions == [.deleted(key("a"), withObject: false), .applied(item: 0)])
        let end = machine.bookmark(resourceVersion: "20", endsInitialEvents: true)
        #expect(end.emissions == [.deleted(key("b"), withObject: false), .synced, .recovered])
    }

    @Test mutating func theVersionsOfInitialEventsAreNotGoneOnFrom() {
        _ = machine.start()
        _ = machine.watchStarted()
        _ = machine.watchEvent(.added, key("a"), resourceVersion: "7")
        _ = machine.bookmark(resourceVersion: "8")
        #expect(machine.watchEnded(lost, after: .seconds(2), events: 1, now: .zero).next == .wait(Backoff.initial))
        #expect(machine.timerFired() == list("0", limit: 500))
    }

    @Test mutating func aStreamThatBreaksOffLosesNothingToTheListThatFollows() {
        synced(["a", "b"])
        _ = machine.watchFailed(damaged, now: .zero)
        _ = machine.timerFired()
        _ = machine.watchStarted()
        _ = machine.watchEvent(.added, key("a"), resourceVersion: "3")
        _ = machine.watchEnded(lost, after: .seconds(2), events: 1, now: .zero)
        #expect(machine.timerFired() == list("10"))
        let page = Machine.Page(keys: [key("b")], resourceVersion: "20", continueToken: "")
        let listed = machine.listed(page)
        #expect(listed.emissions == [.applied(item: 0), .deleted(key("a"), withObject: false), .synced])
        #expect(listed.next == watch("20"))
        #expect(machine.watchStarted().emissions == [.recovered])
        // The next time streaming is tried again.
        _ = machine.watchFailed(damaged, now: .zero)
        #expect(machine.timerFired() == stream("20"))
    }

    @Test(
        "a server that refuses is asked for lists instead, at once and from then on",
        arguments: [
            KubernetesError.Kind.server(status: 400), .server(status: 422), .server(status: 405),
            .server(status: 501),
        ]
    )
    func refusal(kind: KubernetesError.Kind) {
        var test = self
        _ = test.machine.start()
        let error = KubernetesError(kind, "sendInitialEvents is forbidden for watch")
        let actions = test.machine.watchFailed(error, now: .zero)
        #expect(actions == Machine.Actions(emissions: [.listsInstead(error)], next: list("0", limit: 500)))
        let page = Machine.Page(keys: [], resourceVersion: "10", continueToken: "")
        #expect(test.machine.listed(page) == Machine.Actions(emissions: [.synced], next: watch("10")))
        _ = test.machine.watchFailed(damaged, now: .zero)
        #expect(test.machine.timerFired() == list("10"))
    }

    @Test mutating func aStreamThatIsForbiddenIsFollowedByAListAtOnceAndTriedAgainTheNextTime() {
        _ = machine.start()
        let forbidden = KubernetesError(.forbidden, "no watch")
        #expect(machine.watchFailed(forbidden, now: .zero) == Machine.Actions(next: list("0", limit: 500)))
        _ = machine.listed(Machine.Page(keys: [], resourceVersion: "10", continueToken: ""))
        #expect(machine.watchFailed(forbidden, now: .zero).emissions == [.failed(forbidden, retryIn: Backoff.initial)])
        #expect(machine.timerFired() == stream("10"))
    }

    @Test mutating func aServerThatDoesNotTellTheEndIsAskedForListsInstead() {
        _ = machine.start()
        _ = machine.watchStarted()
        _ = machine.watchEvent(.added, key("a"), resourceVersion: "1")
        let silent = machine.watchSilent(now: .zero)
        #expect(silent.emissions.count == 1)
        #expect(silent.next == list("0", limit: 500))

        var busy = Machine(configuration: .init(streamsLists: true), random: { 0 })
        _ = busy.start()
        #expect(busy.initialEventsOverdue().next == list("0", limit: 500))
        #expect(busy.initialEventsOverdue() == Machine.Actions(next: .read))
    }

    @Test(
        "a server that is busy or away, or without the resource, is asked for a stream again",
        arguments: [KubernetesError.Kind.tooManyRequests, .connect, .unauthorized, .notFound]
    )
    func retried(kind: KubernetesError.Kind) {
        var test = self
        _ = test.machine.start()
        let error = KubernetesError(kind, "no", retryAfter: .seconds(7))
        let actions = test.machine.watchFailed(error, now: .zero)
        #expect(actions.emissions == [.failed(error, retryIn: .seconds(7))])
        #expect(test.machine.timerFired() == stream(""))
        _ = test.machine.watchStarted()
        let end = test.machine.bookmark(resourceVersion: "10", endsInitialEvents: true)
        #expect(end.emissions == [.synced, .recovered])
    }

    @Test(
        "whatever else goes wrong, the next attempt is a list",
        arguments: [
            KubernetesError.Kind.server(status: 500), .server(status: 503), .transport, .decoding, .tooLarge,
            .storageRead,
        ]
    )
    func fallback(kind: KubernetesError.Kind) {
        var test = self
        _ = test.machine.start()
        let error = KubernetesError(kind, "no")
        let actions = test.machine.watchFailed(error, now: .zero)
        #expect(actions.emissions == [.failed(error, retryIn: Backoff.initial)])
        #expect(test.machine.timerFired() == list("0", limit: 500))
    }

    @Test(
        "a version that the server does not have is followed by the latest, once",
        arguments: [KubernetesError.Kind.expired, .resourceVersionTooLarge]
    )
    func versionNotThere(kind: KubernetesError.Kind) {
        var test = self
        test.synced()
        _ = test.machine.watchFailed(damaged, now: .zero)
        #expect(test.machine.timerFired() == stream("10"))
        let error = KubernetesError(kind, "no such version")
        #expect(test.machine.watchFailed(error, now: .zero) == Machine.Actions(next: stream("")))
        #expect(test.machine.watchFailed(error, now: .zero).next == .wait(Backoff.initial * 2))
        #expect(test.machine.timerFired() == list("", limit: 500))
    }

    @Test mutating func aStreamThatEndsBeforeItsTimeIsNoEmptyList() {
        synced(["a"])
        _ = machine.watchFailed(damaged, now: .zero)
        _ = machine.timerFired()
        _ = machine.watchStarted()
        let actions = machine.watchEnded(nil, after: .seconds(300), events: 0, now: .zero)
        #expect(actions.emissions.count == 1)
        guard case .failed(let error, _) = actions.emissions.first else {
            Issue.record("\(actions)")
            return
        }
        #expect(error.kind == .transport)
        #expect(machine.timerFired() == list("10"))
    }
}
