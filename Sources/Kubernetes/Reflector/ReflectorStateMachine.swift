/// Decides how a set of objects is followed: when to list, from where to watch, how long to wait, what to tell.
///
/// Modelled on client-go's reflector (tools/cache/reflector.go) and kube-rs's watcher. No I/O, no clock: methods take
/// what happened and return what to do. `now` is the time since any fixed origin.
///
/// What there is comes as the beginning of a watch (a streaming list, KEP-3157) where the server can do that, else as a
/// list.
///
/// Resource versions are opaque: they are handed back, never compared or read.
struct ReflectorStateMachine: Sendable {
    struct Configuration: Sendable {
        /// Asks for streaming lists, until the server turns out not to know them.
        var streamsLists = false
        /// Deletions that no watch told of are to be told, which takes remembering each object.
        var noticesDeletions = true
        var pageSize = 500
        /// A watch's length is drawn from this, so that watches do not end all at once.
        var watchTimeoutSeconds = 300...600
        /// A watch that ends sooner than this counts as failed when it was without any event, or the second in a row.
        var shortestWatch = Duration.seconds(1)
        /// A watch that says nothing for so long is given up: bookmarks come about once a minute.
        var longestSilence = Duration.seconds(120)
        /// From a server that sends no bookmarks, silence is heard for so long beyond the end that was asked for.
        var watchMargin = Duration.seconds(30)
        /// A streaming list that says nothing for so long, before or after its end, is given up: servers that do not know such
        /// lists are silent, and the others have no reason to be.
        var longestInitialSilence = Duration.seconds(15)
        /// A streaming list has told what there is within this time, or the server does not know such lists.
        var longestInitialEvents = Duration.seconds(120)
        /// For so long a server's error in a watch is answered with another watch, afterwards with a list.
        var serverErrorWindow = Duration.seconds(30)
        /// A list because nothing at all was told is made no more often than this.
        var longestQuiet = Duration.seconds(3600)
        /// The server's own wish is followed up to here.
        var longestRetryAfter = Duration.seconds(120)
    }

    private enum State {
        case idle
        case listing(Listing)
        /// A watch that first tells what there is.
        case streaming
        case watching(Watching)
        /// Until `timerFired`.
        case waiting(then: Resumption)
    }

    private struct Listing {
        var request: ListRequest
        /// Asked for with the first page; `request` does not repeat it with a token.
        var askedVersion: String
        /// Of the first page: changes during the later pages are told again by the watch, none is missed.
        var resourceVersion: String?
    }

    private struct Watching {
        /// Began without a resource version, so that it first repeats all objects, in no order.
        var repeatsObjects: Bool
        var hasBookmarks = false
        /// Anything has come, bookmarks included.
        var hasTold = false
        /// The rest of a streaming list, whose silence is short.
        var isStream = false
    }

    private enum Resumption {
        /// As the server can do it best.
        case initialState
        case list
        case watch
    }

    private let configuration: Configuration
    private let random: @Sendable () -> Double
    private var state = State.idle
    private var backoff = Backoff()
    private var known: KnownObjects
    private var pageSize: Int
    private var streamsLists: Bool
    /// Where a watch can go on; empty before the first list.
    private var resourceVersion = ""
    /// `resourceVersion` is of no use for lists: the next one asks for the latest state.
    private var needsLatest = false
    /// The server pages lists that may be old, so it has no watch cache, and large lists should be paged always.
    private var pagesEveryList = false
    private var failing = false
    private var serverErrorsSince: Duration?
    /// Bookmarks come more often than `longestSilence`, as far as is known.
    private var expectsBookmarks = true
    /// This server has sent bookmarks since it was listed.
    private var sendsBookmarks = false
    /// How many watches in a row were given up without having told anything at all.
    private var muteWatches = 0
    /// Since when nothing has been told, by the first watch that ended so.
    private var quietSince: Duration?
    private var listedForQuiet: Duration?
    /// How many lists in a row were cut off, or took too long.
    private var lostLists = 0
    /// How many watches in a row ended too soon.
    private var shortWatches = 0

    /// - Parameter random: in 0 ..< 1.
    init(configuration: Configuration = Configuration(), random: @escaping @Sendable () -> Double) {
        self.configuration = configuration
        self.random = random
        known = KnownObjects(isUsed: configuration.noticesDeletions)
        pageSize = configuration.pageSize
        streamsLists = configuration.streamsLists
    }

    mutating func start() -> Next {
        initialState()
    }

    mutating func timerFired() -> Next {
        guard case .waiting(let resumption) = state else { return .read }
        return switch resumption {
        case .initialState: initialState()
        case .list: list()
        case .watch: watch()
        }
    }

    private mutating func initialState() -> Next {
        streamsLists ? stream() : list()
    }

    // MARK: Lists

    mutating func listed(_ page: Page) -> Actions {
        guard case .listing(var listing) = state else { return Actions(next: .read) }
        var emissions: [Emission] = []
        emissions.reserveCapacity(page.keys.count + 1)
        for (item, key) in page.keys.enumerated() where !key.name.isEmpty {
            if let replaced = known.insert(key) {
                emissions.append(.deleted(replaced, withObject: false))
            }
            emissions.append(.applied(item: item))
        }
        let version = listing.resourceVersion ?? page.resourceVersion
        guard page.continueToken.isEmpty else {
            if listing.askedVersion == "0" {
                pagesEveryList = true
            }
            listing.resourceVersion = version
            listing.request = ListRequest(resourceVersion: "", limit: pageSize, continueToken: page.continueToken)
            state = .listing(listing)
            return Actions(emissions: emissions, next: .list(listing.request))
        }
        emissions += synced(at: version)
        return Actions(emissions: emissions, next: watch())
    }

    private mutating func synced(at version: String) -> [Emission] {
        resourceVersion = version
        needsLatest = false
        serverErrorsSince = nil
        sendsBookmarks = false
        lostLists = 0
        somethingWasTold()
        return known.endList().map { .deleted($0, withObject: false) } + [.synced]
    }

    mutating func listFailed(_ error: KubernetesError, now: Duration) -> Actions {
        guard case .listing(let listing) = state else { return Actions(next: .read) }
        switch error.kind {
        case .expired where listing.request.continueToken != nil:
            // The rest of the pages is gone: all at once, at the version first asked for.
            return Actions(next: list(ListRequest(resourceVersion: listing.askedVersion)))
        case .expired where !needsLatest, .resourceVersionTooLarge where !needsLatest:
            needsLatest = true
            return Actions(next: list())
        case .tooLarge where !needsLatest:
            // Lists that may be old come in one piece; the latest state comes in pages.
            needsLatest = true
            return Actions(next: list())
        case .tooLarge where pageSize > 1:
            pageSize = max(1, pageSize / 2)
            return Actions(next: list())
        case .transport, .server(status: 504):
            // It may be its length: a stream may take as long as it needs, and the latest state comes in pages.
            lostLists += 1
            if lostLists > 3, !streamsLists { needsLatest = true }
            return fail(error, now: now, then: .initialState)
        default:
            return fail(error, now: now, then: .list)
        }
    }

    private mutating func list() -> Next {
        let version = needsLatest ? "" : resourceVersion.isEmpty ? "0" : resourceVersion
        let paged = version.isEmpty || version == "0" || pagesEveryList
        return list(ListRequest(resourceVersion: version, limit: paged ? pageSize : nil))
    }

    private mutating func list(_ request: ListRequest) -> Next {
        known.beginList()
        state = .listing(Listing(request: request, askedVersion: request.resourceVersion))
        return .list(request)
    }

    // MARK: Streaming lists

    private mutating func stream() -> Next {
        known.beginList()
        state = .streaming
        return .watch(watchRequest(resourceVersion: needsLatest ? "" : resourceVersion, sendsInitialEvents: true))
    }

    /// A watch is open that has not yet told all there is. When that takes longer than `longestInitialEvents`,
    /// `initialEventsOverdue` is to be called.
    var awaitsInitialEvents: Bool {
        if case .streaming = state { true } else { false }
    }

    mutating func initialEventsOverdue() -> Actions {
        guard case .streaming = state else { return Actions(next: .read) }
        return listInstead(KubernetesError(.transport, "no bookmark tells where the initial events end"))
    }

    private mutating func streamFailed(_ error: KubernetesError, now: Duration) -> Actions {
        switch error.kind {
        case .expired where !needsLatest, .resourceVersionTooLarge where !needsLatest:
            needsLatest = true
            return Actions(next: stream())
        case .tooManyRequests, .connect, .unauthorized, .notFound:
            return fail(error, now: now, then: .initialState)
        case .forbidden:
            // Perhaps only to watch. If not, the list says so.
            return Actions(next: list())
        case .server(status: 400..<500), .server(status: 501):
            return listInstead(error)
        default:
            // It may be the length or the load that it fails of: better to get on than to insist.
            return fail(error, now: now, then: .list)
        }
    }

    /// The server does not know streaming lists: its feature gate WatchList is on by default in 1.32 and from 1.34 on.
    private mutating func listInstead(_ reason: KubernetesError) -> Actions {
        streamsLists = false
        return Actions(emissions: [.listsInstead(reason)], next: list())
    }

    // MARK: Watches

    /// The server has accepted the watch.
    mutating func watchStarted() -> Actions {
        guard case .watching = state else { return Actions(next: .read) }
        return Actions(emissions: recovered(), next: .read)
    }

    private mutating func recovered() -> [Emission] {
        defer { failing = false }
        return failing ? [.recovered] : []
    }

    /// - Parameter version: of the object; empty when it has none.
    mutating func watchEvent(_ change: Change, _ key: ObjectKey, resourceVersion version: String) -> Actions {
        switch state {
        case .streaming:
            // In no order, so no version of an object is one to go on from.
            break
        case .watching(var watching):
            serverErrorsSince = nil
            somethingWasTold()
            if change != .added { watching.repeatsObjects = false }
            watching.hasTold = true
            state = .watching(watching)
            if !watching.repeatsObjects {
                advance(to: version)
            }
        default:
            return Actions(next: .read)
        }
        guard !key.name.isEmpty else { return Actions(next: .read) }
        switch change {
        case .added, .modified:
            let replaced = known.insert(key).map { Emission.deleted($0, withObject: false) }
            return Actions(emissions: (replaced.map { [$0] } ?? []) + [.applied(item: 0)], next: .read)
        case .deleted:
            known.remove(key)
            return Actions(emissions: [.deleted(key, withObject: true)], next: .read)
        }
    }

    /// Everything up to that version has been told.
    ///
    /// - Parameter endsInitialEvents: it is the one that ends a streaming list (`k8s.io/initial-events-end`).
    mutating func bookmark(resourceVersion version: String, endsInitialEvents: Bool = false) -> Actions {
        switch state {
        case .streaming where endsInitialEvents && !version.isEmpty:
            state = .watching(Watching(repeatsObjects: false, isStream: true))
            return Actions(emissions: synced(at: version) + recovered(), next: .read)
        case .watching(let watching):
            state = .watching(
                Watching(repeatsObjects: false, hasBookmarks: true, hasTold: true, isStream: watching.isStream)
            )
            serverErrorsSince = nil
            somethingWasTold()
            expectsBookmarks = true
            sendsBookmarks = true
            advance(to: version)
            return Actions(next: .read)
        default:
            return Actions(next: .read)
        }
    }

    /// The watch was refused, did not come about, or sent an ERROR event or something that cannot be read.
    mutating func watchFailed(_ error: KubernetesError, now: Duration) -> Actions {
        if case .streaming = state { return streamFailed(error, now: now) }
        guard case .watching = state else { return Actions(next: .read) }
        switch error.kind {
        case .tooManyRequests, .connect, .transport:
            // Nothing is wrong with our version, and a list is what a server in trouble needs least.
            return fail(error, now: now, then: .watch)
        case .server(status: 500), .server(status: 502...504):
            // As well the proxy of a server that is just starting; client-go lists after all but the first.
            let since = serverErrorsSince ?? now
            serverErrorsSince = since
            let isRecent = now - since <= configuration.serverErrorWindow
            return fail(error, now: now, then: isRecent ? .watch : .initialState)
        default:
            // Expired, too: what is not older than our version can still be listed, and comes out of a cache.
            return fail(error, now: now, then: .initialState)
        }
    }

    /// The watch said nothing for as long as its request allows, and was given up.
    mutating func watchSilent(now: Duration) -> Actions {
        switch state {
        case .streaming: return initialEventsOverdue()
        case .watching(let watching):
            if watching.isStream { return Actions(next: watch()) }
            if !watching.hasTold { muteWatches += 1 }
            if !sendsBookmarks, !watching.hasBookmarks { expectsBookmarks = false }
            return Actions(next: watching.hasTold ? watch() : watchQuiet(now: now))
        default: return Actions(next: .read)
        }
    }

    /// The answer to the watch ended, as agreed or because the connection was lost.
    ///
    /// - Parameters:
    ///   - error: why the connection was lost; nil when the server ended the answer.
    ///   - after: time since the watch was asked for.
    ///   - events: how many came, bookmarks included.
    mutating func watchEnded(_ error: KubernetesError?, after: Duration, events: Int, now: Duration) -> Actions {
        if case .streaming = state {
            let error = error ?? KubernetesError(.transport, "the watch ended before it had told what there is")
            return fail(error, now: now, then: .list)
        }
        guard case .watching(let watching) = state else { return Actions(next: .read) }
        shortWatches = after < configuration.shortestWatch ? shortWatches + 1 : 0
        guard shortWatches > 1 || shortWatches == 1 && events == 0 else {
            return Actions(next: watching.hasTold || watching.isStream ? watch() : watchQuiet(now: now))
        }
        let error = error ?? KubernetesError(.transport, "the watch ended at once")
        return fail(error, now: now, then: .watch)
    }

    /// After a watch that told nothing, not even bookmarks. So it is when nothing happens; and when the server was restored
    /// from a backup, so that our version is still to come there.
    private mutating func watchQuiet(now: Duration) -> Next {
        let since = quietSince ?? now
        quietSince = since
        let isOdd = sendsBookmarks && muteWatches > 1 || now - since >= configuration.longestQuiet
        guard isOdd, listedForQuiet.map({ now - $0 >= configuration.longestQuiet }) ?? true else { return watch() }
        listedForQuiet = now
        return initialState()
    }

    private mutating func somethingWasTold() {
        muteWatches = 0
        quietSince = nil
    }

    private mutating func watch() -> Next {
        state = .watching(Watching(repeatsObjects: resourceVersion.isEmpty || resourceVersion == "0"))
        return .watch(watchRequest(resourceVersion: resourceVersion, sendsInitialEvents: false))
    }

    private func watchRequest(resourceVersion: String, sendsInitialEvents: Bool) -> WatchRequest {
        let range = configuration.watchTimeoutSeconds
        let timeout = range.lowerBound + Int(random() * Double(range.count))
        let longestSilence =
            sendsInitialEvents
            ? configuration.longestInitialSilence
            : expectsBookmarks ? configuration.longestSilence : .seconds(timeout) + configuration.watchMargin
        return WatchRequest(
            resourceVersion: resourceVersion,
            sendsInitialEvents: sendsInitialEvents,
            timeoutSeconds: timeout,
            longestSilence: longestSilence
        )
    }

    private mutating func advance(to version: String) {
        if !version.isEmpty {
            resourceVersion = version
        }
    }

    private mutating func fail(_ error: KubernetesError, now: Duration, then resumption: Resumption) -> Actions {
        failing = true
        let asked = min(error.retryAfter ?? .zero, configuration.longestRetryAfter)
        let wait = max(backoff.next(now: now, random: random()), asked)
        state = .waiting(then: resumption)
        return Actions(emissions: [.failed(error, retryIn: wait)], next: .wait(wait))
    }
}
