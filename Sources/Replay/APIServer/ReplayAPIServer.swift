internal import HTTPServer
internal import NIOCore
internal import NIOPosix

/// A Kubernetes API server over real HTTP on 127.0.0.1 whose objects change as they did in recordings.
///
/// It lists (with pages and selectors), gets and watches TaskRuns, PipelineRuns, Pods and Events, and serves the
/// discovery of `tekton.dev`. The caller drives its time: nothing happens before `advance`, `step` or `play`. Its
/// resource versions are its own, so that several recordings can be played as one cluster.
public final class ReplayAPIServer: Sendable {
    struct State: Sendable {
        var store = ObjectStore()
        var timeline: ReplayTimeline
        var watchers: [UInt64: Watcher] = [:]
        var nextID: UInt64 = 0
        var pages: [String: Page] = [:]
        var failures: [Failure] = []
        /// Requests that are never answered.
        var hanging: [HTTPResponder] = []
        var requests: [ReceivedAPIRequest] = []
        var servesTekton = true
        /// From the first start on.
        var port: ReservedPort?
        var server: HTTPServer?
    }

    struct Watcher: Sendable {
        let query: ObjectQuery
        let bookmarks: Bool
        let output: AsyncStream<WatchOutput>.Continuation
    }

    enum WatchOutput: Sendable {
        case bytes([UInt8])
        /// The stream ends without an end of its body.
        case cut
    }

    /// What is left of a list that was asked for in pages.
    struct Page: Sendable {
        let items: ArraySlice<ObjectStore.Stored>
        let revision: UInt64
    }

    struct Failure: Sendable {
        let verb: APIVerb?
        let resource: RecordedResource?
        let failure: APIFailure
        var remaining: Int?
    }

    /// What tests wait for.
    public struct Activity: Sendable {
        /// Watches that are open.
        public let watchCount: Int
        public let requests: [ReceivedAPIRequest]
    }

    let state: Observed<State>
    public let leases = ReplayLeases()
    private let token: String?

    /// - Parameter token: the bearer token that requests must have; nil for none.
    public init(_ recordings: [Recording], token: String? = nil) {
        state = Observed(State(timeline: ReplayTimeline(recordings)))
        self.token = token
    }

    /// `http://127.0.0.1:PORT`, from the first start on.
    public var url: String { "http://127.0.0.1:\(state.value.port?.number ?? 0)" }

    /// Listens on a free port; after a stop, on the same as before.
    public func start() async throws {
        let port = try state.value.port ?? ReservedPort()
        let server = HTTPServer(
            configuration: HTTPServerConfiguration(endpoint: HTTPEndpoint(host: "127.0.0.1", port: port.number)),
            group: MultiThreadedEventLoopGroup.singleton,
            handler: APIHandler(server: self, token: token)
        )
        _ = try await server.bind()
        state.update { state in
            state.server = server
            state.port = port
        }
    }

    /// Closes all connections and refuses new ones. Objects and time stay as they are.
    public func stop() async {
        let (server, hanging) = state.update { state in
            defer {
                state.server = nil
                state.hanging = []
            }
            return (state.server, state.hanging)
        }
        breakWatches()
        await server?.shutdown(deadline: .now())
        withExtendedLifetime(hanging) {}
    }

    /// The requests so far, in the order of their arrival.
    public var requests: [ReceivedAPIRequest] { state.value.requests }

    /// True once the condition holds; false when it did not within the timeout.
    public func waitUntil(
        timeout: Duration = .seconds(10),
        _ condition: @escaping @Sendable (Activity) -> Bool
    ) async -> Bool {
        await state.wait(timeout: timeout) {
            condition(Activity(watchCount: $0.watchers.count, requests: $0.requests))
        }
    }
}

extension ReplayAPIServer {
    /// Lets everything happen that was recorded up to `offset`, since the start of each recording.
    public func advance(to offset: Duration) {
        state.update { state in
            for event in state.timeline.take(through: offset) { state.apply(event.kind, event.object) }
        }
    }

    /// Lets everything happen that is left.
    public func advanceToEnd() { advance(to: .nanoseconds(Int64.max)) }

    /// Lets the next event happen. False when there is none left.
    @discardableResult
    public func step() -> Bool {
        state.update { state in
            guard let event = state.timeline.takeNext() else { return false }
            state.apply(event.kind, event.object)
            return true
        }
    }

    /// Lets everything happen at its recorded time, by the given clock. Returns at the end, or when cancelled.
    public func play(_ clock: ReplayClock) async throws {
        while let next = state.value.timeline.nextOffset {
            try await clock.sleep(until: next)
            advance(to: next)
        }
    }

    /// Takes an object away without an event: watches never hear of it, a new list shows it. Earlier resource versions
    /// are too old from then on.
    public func lose(_ resource: RecordedResource, namespace: String, name: String) {
        state.update {
            $0.store.forget(ReplayObject.Key(resource: resource, namespace: namespace, name: name))
        }
    }
}

extension ReplayAPIServer {
    /// Lets requests fail from now on.
    ///
    /// - Parameters:
    ///   - verb: only such requests; nil for all.
    ///   - resource: only requests for it; nil for all.
    ///   - times: how many requests; nil for all until `recover`.
    public func fail(
        _ verb: APIVerb? = nil,
        _ resource: RecordedResource? = nil,
        with failure: APIFailure,
        times: Int? = nil
    ) {
        state.update {
            $0.failures.append(Failure(verb: verb, resource: resource, failure: failure, remaining: times))
        }
    }

    /// Requests are answered again. Those that were left hanging stay so.
    public func recover() { state.update { $0.failures.removeAll() } }

    /// With false the server knows no `tekton.dev`: as before Tekton is installed.
    public func serveTekton(_ serves: Bool) { state.update { $0.servesTekton = serves } }

    /// Makes all resource versions and continue tokens that were given out too old: 410.
    public func expire() {
        state.update { state in
            state.store.compact()
            state.pages.removeAll()
        }
    }

    /// Ends all watches cleanly, as at their timeout.
    public func endWatches() {
        state.update { state in
            for watcher in state.watchers.values { watcher.output.finish() }
            state.watchers.removeAll()
        }
    }

    /// Closes all watches in the middle of a line.
    public func breakWatches() {
        state.update { state in
            for watcher in state.watchers.values {
                watcher.output.yield(.bytes(Array(#"{"type":"MODIFIED","object":{"kind":"#.utf8)))
                watcher.output.yield(.cut)
                watcher.output.finish()
            }
            state.watchers.removeAll()
        }
    }

    /// Sends an ERROR event on all watches and ends them.
    public func failWatches(with status: APIStatus = .expired) {
        state.update { state in
            for watcher in state.watchers.values {
                watcher.output.yield(.bytes(APIDocuments.error(status)))
                watcher.output.finish()
            }
            state.watchers.removeAll()
        }
    }

    /// Sends a bookmark on all watches that asked for them.
    public func sendBookmarks() {
        state.update { state in
            let revision = state.store.revision
            for watcher in state.watchers.values where watcher.bookmarks {
                watcher.output.yield(.bytes(APIDocuments.bookmark(watcher.query.resource, revision: revision)))
            }
        }
    }
}

extension ReplayAPIServer.State {
    mutating func apply(_ kind: Recording.ObjectEvent.Kind, _ object: ReplayObject) {
        let change = store.apply(kind, object)
        for watcher in watchers.values {
            guard let event = ObjectStore.event(for: change, watcher.query) else { continue }
            watcher.output.yield(.bytes(APIDocuments.event(event)))
        }
    }
}
