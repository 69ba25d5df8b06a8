/// Decides how a set of objects is followed: when to list, from where to watch, how long to wait, what to tell.
///
/// Modelled on client-go's reflector (tools/cache/reflector.go) and kube-rs's watcher. No I/O, no clock: methods take
/// what happened and return what to do. `now` is the time since any fixed origin. A later way to get the initial state
/// (a streaming list) is another state beside `listing`.
///
/// Resource versions are opaque: they are handed back, never compared or read.
struct ReflectorStateMachine: Sendable {
    struct Configuration: Sendable {
        var pageSize = 500
        /// A watch's length is drawn from this, so that watches do not end all at once.
        var watchTimeoutSeconds = 300...600
        /// A watch that ends sooner than this, and without any event, counts as failed.
        var shortestWatch = Duration.seconds(1)
        /// For so long an internal error in a watch is answered with another watch, afterwards with a list.
        var internalErrorWindow = Duration.seconds(30)
        /// The server's own wish is followed up to here.
        var longestRetryAfter = Duration.seconds(120)
    }

    private enum State {
        case idle
        case listing(Listing)
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
    }

    private enum Resumption {
        case list
        case watch
    }

    private let configuration: Configuration
    private let random: @Sendable () -> Double
    private var state = State.idle
    private var backoff = Backoff()
    private var known = KnownObjects()
    private var pageSize: Int
    /// Where a watch can go on; empty before the first list.
    private var resourceVersion = ""
    /// `resourceVersion` is of no use for lists: the next one asks for the latest state.
    private var needsLatest = false
    /// The server pages lists that may be old, so it has no watch cache, and large lists should be paged always.
    private var pagesEveryList = false
    private var failing = false
    private var internalErrorsSince: Duration?

    /// - Parameter random: in 0 ..< 1.
    init(configuration: Configuration = Configuration(), random: @escaping @Sendable () -> Double) {
        self.configuration = configuration
        self.random = random
        pageSize = configuration.pageSize
    }

    mutating func start() -> Next {
        list()
    }

    mutating func timerFired() -> Next {
        guard case .waiting(let resumption) = state else { return .read }
        return switch resumption {
        case .list: list()
        case .watch: watch()
        }
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
        for key in known.endList() {
            emissions.append(.deleted(key, withObject: false))
        }
        emissions.append(.synced)
        resourceVersion = version
        needsLatest = false
        internalErrorsSince = nil
        return Actions(emissions: emissions, next: watch())
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

    // MARK: Watches

    /// The server has accepted the watch.
    mutating func watchStarted() -> Actions {
        guard case .watching = state, failing else { return Actions(next: .read) }
        failing = false
        return Actions(emissions: [.recovered], next: .read)
    }

    /// - Parameter version: of the object; empty when it has none.
    mutating func watchEvent(_ change: Change, _ key: ObjectKey, resourceVersion version: String) -> Actions {
        guard case .watching(var watching) = state else { return Actions(next: .read) }
        internalErrorsSince = nil
        if change != .added, watching.repeatsObjects {
            watching.repeatsObjects = false
            state = .watching(watching)
        }
        if !watching.repeatsObjects {
            advance(to: version)
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

    /// Nothing happened up to that version.
    mutating func bookmark(resourceVersion version: String) -> Actions {
        guard case .watching = state else { return Actions(next: .read) }
        state = .watching(Watching(repeatsObjects: false))
        internalErrorsSince = nil
        advance(to: version)
        return Actions(next: .read)
    }

    /// The watch was refused, did not come about, or sent an ERROR event or something that cannot be read.
    mutating func watchFailed(_ error: KubernetesError, now: Duration) -> Actions {
        guard case .watching = state else { return Actions(next: .read) }
        switch error.kind {
        case .expired:
            needsLatest = true
            return fail(error, now: now, then: .list)
        case .tooManyRequests, .connect, .transport:
            // Nothing is wrong with our version, and a list is what a server in trouble needs least.
            return fail(error, now: now, then: .watch)
        case .server(status: 500):
            let since = internalErrorsSince ?? now
            internalErrorsSince = since
            return fail(error, now: now, then: now - since <= configuration.internalErrorWindow ? .watch : .list)
        default:
            return fail(error, now: now, then: .list)
        }
    }

    /// The answer to the watch ended, as agreed or because the connection was lost.
    ///
    /// - Parameters:
    ///   - error: why the connection was lost; nil when the server ended the answer.
    ///   - after: time since the watch was asked for.
    ///   - events: how many came, bookmarks included.
    mutating func watchEnded(_ error: KubernetesError?, after: Duration, events: Int, now: Duration) -> Actions {
        guard case .watching = state else { return Actions(next: .read) }
        guard events == 0, after < configuration.shortestWatch else { return Actions(next: watch()) }
        let error = error ?? KubernetesError(.transport, "the watch ended at once, without any event")
        return fail(error, now: now, then: .watch)
    }

    private mutating func watch() -> Next {
        state = .watching(Watching(repeatsObjects: resourceVersion.isEmpty || resourceVersion == "0"))
        let range = configuration.watchTimeoutSeconds
        let timeout = range.lowerBound + Int(random() * Double(range.count))
        return .watch(WatchRequest(resourceVersion: resourceVersion, timeoutSeconds: timeout))
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
