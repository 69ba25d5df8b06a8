internal import HTTPServer
internal import NIOCore
internal import NIOPosix

/// A Kubernetes API server over real HTTP on 127.0.0.1 whose objects change as they did in recordings.
///
/// It lists (with pages and selectors), gets and watches TaskRuns, PipelineRuns, Pods and Events, and serves the
/// discovery of `tekton.dev`. The caller drives its time: nothing happens before `advance`, `step` or `play`. Its
/// resource versions are its own, so that several recordings can be played as one cluster.
///
/// What it does wrong is said with ``inject(_:)``, and what kind of server it is with ``traits``.
public final class ReplayAPIServer: Sendable {
    struct State: Sendable {
        var store = ObjectStore()
        var timeline: ReplayTimeline
        var watchers: [UInt64: Watcher] = [:]
        var nextID: UInt64 = 0
        var traits = APIServerTraits()
        var faults = FaultPlan()
        /// Where the watch cache has come to; nil for the latest.
        var heldCacheRevision: UInt64?
        /// Requests that are never answered.
        var hanging: [HTTPResponder] = []
        var requests: [ReceivedAPIRequest] = []
        var servesTekton = true
        /// From the first start on.
        var port: ReservedPort?
        var server: HTTPServer?

        /// The state that lists from the watch cache show, and watches have been told.
        var cacheRevision: UInt64 { heldCacheRevision ?? store.revision }
    }

    /// What tests wait for.
    public struct Activity: Sendable {
        /// Watches that are open.
        public let watchCount: Int
        public let requests: [ReceivedAPIRequest]
        /// Faults that are still to come, at least once.
        public let pendingFaults: [APIFault]
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
            condition(
                Activity(watchCount: $0.watchers.count, requests: $0.requests, pendingFaults: $0.faults.faults)
            )
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

    /// Changes an object beside what was recorded.
    func change(_ kind: Recording.ObjectEvent.Kind, _ object: ReplayObject) {
        state.update { $0.apply(kind, object) }
    }
}
