import HTTPClient
public import Logging

/// Follows all objects of a kind with a list and a watch, for as long as it runs, whatever the API server does.
///
/// The decisions are those of `ReflectorStateMachine`; this performs them.
public final class Reflector<Resource: KubernetesResource>: Sendable {
    public typealias Handler = @Sendable (ReflectorEvent<Resource>) -> Void

    /// Longer than any object: etcd takes 1.5 MiB by default, and JSON may double that.
    static var maxLineBytes: Int { 8 << 20 }

    private let client: KubernetesClient
    private let selection: ObjectSelection
    private let configuration: ReflectorStateMachine.Configuration
    private let sleep: @Sendable (Duration) async throws -> Void
    private let logger: Logger
    private let handler: Handler
    private let statistics: ReflectorStatistics

    /// - Parameters:
    ///   - statistics: told what happens.
    ///   - handler: called in order, never twice at a time. What it does delays the watch.
    public convenience init(
        client: KubernetesClient,
        selection: ObjectSelection = ObjectSelection(),
        statistics: ReflectorStatistics = ReflectorStatistics(),
        logger: Logger,
        handler: @escaping Handler
    ) {
        self.init(
            client: client,
            selection: selection,
            configuration: ReflectorStateMachine.Configuration(
                streamsLists: true,
                noticesDeletions: Resource.deletionsMatter
            ),
            sleep: { try await Task.sleep(for: $0) },
            statistics: statistics,
            logger: logger,
            handler: handler
        )
    }

    init(
        client: KubernetesClient,
        selection: ObjectSelection,
        configuration: ReflectorStateMachine.Configuration,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        statistics: ReflectorStatistics = ReflectorStatistics(),
        logger: Logger,
        handler: @escaping Handler
    ) {
        self.client = client
        self.selection = selection
        self.configuration = configuration
        self.sleep = sleep
        self.statistics = statistics
        self.logger = logger
        self.handler = handler
    }

    /// How many objects could not be read so far, and were left out.
    public var skippedObjects: Int { statistics.snapshot.skippedObjects }

    /// Until the task is cancelled.
    public func run() async {
        var run = ReflectorRun<Resource>(configuration)
        var next = run.machine.start()
        while !Task.isCancelled {
            switch next {
            case .list(let request):
                next = await list(request, &run)
            case .watch(let request):
                next = await watch(request, &run)
            case .wait(let duration):
                // Cancelled: the loop ends.
                try? await sleep(duration)
                next = run.machine.timerFired()
            case .read:
                // Not after the end of a watch. If it were so, a list would put everything right.
                next = run.machine.start()
            }
        }
    }

    private func list(
        _ request: ReflectorStateMachine.ListRequest,
        _ run: inout ReflectorRun<Resource>
    ) async -> ReflectorStateMachine.Next {
        if request.continueToken == nil { statistics.update { $0.lists += 1 } }
        do {
            let version = try await version(&run)
            let body = try await client.list(Resource.resource, version: version, selection, request)
            statistics.update { $0.lastEvent = .now }
            let list = try decoding { try ObjectList<Resource>(body, strings: run.strings) }
            let objects = list.items
            for object in objects where object.object == nil {
                skip(object, &run)
            }
            return perform(run.machine.listed(list.page), objects)
        } catch {
            // A version that is gone may have been replaced by another.
            if error.kind == .notFound { run.version = nil }
            return perform(run.machine.listFailed(error, now: run.now))
        }
    }

    private func version(_ run: inout ReflectorRun<Resource>) async throws(KubernetesError) -> String {
        if let version = run.version { return version }
        let version = try await client.preferredVersion(of: Resource.resource)
        run.version = version
        return version
    }

    private func watch(
        _ request: ReflectorStateMachine.WatchRequest,
        _ run: inout ReflectorRun<Resource>
    ) async -> ReflectorStateMachine.Next {
        let began = run.now
        let stream: APIStream
        do {
            stream = try await client.watch(Resource.resource, version: try await version(&run), selection, request)
        } catch {
            if error.kind == .notFound { run.version = nil }
            return perform(run.machine.watchFailed(error, now: run.now))
        }
        if request.sendsInitialEvents { statistics.update { $0.lists += 1 } }
        _ = perform(run.machine.watchStarted())
        return await read(stream.body, began: began, &run)
    }

    private func read(
        _ body: some AsyncSequence<[UInt8], HTTPClientError> & Sendable,
        began: Duration,
        _ run: inout ReflectorRun<Resource>
    ) async -> ReflectorStateMachine.Next {
        var lines = LineSplitter(limit: Self.maxLineBytes)
        var events = 0
        var lost: KubernetesError?
        do {
            for try await chunk in body {
                lines.append(chunk)
                while let line = try lines.next() {
                    if line.isEmpty { continue }
                    events += 1
                    let next = receive(line, &run)
                    guard next == .read else { return next }
                }
                if run.machine.awaitsInitialEvents, run.now - began > configuration.longestInitialEvents {
                    return perform(run.machine.initialEventsOverdue())
                }
            }
        } catch let error as LineSplitter.LineTooLong {
            let error = KubernetesError(.tooLarge, "\(watchName): an event is longer than \(error.limit) bytes")
            return perform(run.machine.watchFailed(error, now: run.now))
        } catch let error as HTTPClientError where error.kind == .timeout {
            logger.debug("a watch that said nothing is begun anew", metadata: ["error": "\(watchName): \(error)"])
            return perform(run.machine.watchSilent(now: run.now))
        } catch {
            lost = KubernetesError(.transport, "\(watchName): \(error)")
        }
        return perform(run.machine.watchEnded(lost, after: run.now - began, events: events, now: run.now))
    }

    private func receive(
        _ line: ArraySlice<UInt8>,
        _ run: inout ReflectorRun<Resource>
    ) -> ReflectorStateMachine.Next {
        statistics.update { $0.lastEvent = .now }
        do {
            switch try decoding({ try WatchEvent<Resource>(Array(line), strings: run.strings) }) {
            case .change(let change, let object):
                if object.object == nil { skip(object, &run) }
                let version = object.resourceVersion
                return perform(run.machine.watchEvent(change, object.key, resourceVersion: version), [object])
            case .bookmark(let bookmark):
                return perform(
                    run.machine.bookmark(
                        resourceVersion: bookmark.resourceVersion,
                        endsInitialEvents: bookmark.endsInitialEvents
                    )
                )
            case .error(let status):
                let error = KubernetesError(event: status, resource: Resource.resource, request: watchName)
                return perform(run.machine.watchFailed(error, now: run.now))
            case .unknown(let type):
                logger.debug("a watch event of an unknown type was left out", metadata: ["type": "\(type)"])
                return .read
            }
        } catch {
            return perform(run.machine.watchFailed(error, now: run.now))
        }
    }

    private func decoding<T>(_ body: () throws -> T) throws(KubernetesError) -> T {
        do {
            return try body()
        } catch {
            let name = Resource.resource.qualifiedName
            throw KubernetesError(
                .decoding,
                "the API server's answer for \(name) cannot be read: \(decodingSummary(error))"
            )
        }
    }

    private func perform(
        _ actions: ReflectorStateMachine.Actions,
        _ objects: [LenientObject<Resource>] = []
    ) -> ReflectorStateMachine.Next {
        for emission in actions.emissions {
            switch emission {
            case .applied(let item):
                if let object = objects[item].object { handler(.applied(object)) }
            case .deleted(let key, let withObject):
                handler(.deleted(key, last: withObject ? objects.first?.object : nil))
            case .synced:
                // After a failure it is not known yet whether there will be a watch.
                statistics.update { $0.isFollowing = !$0.isFailing }
                handler(.synced)
            case .failed(let error, let wait):
                // A request that fails because it is given up here is no failure.
                if Task.isCancelled { continue }
                statistics.update { statistics in
                    statistics.isFollowing = false
                    statistics.isFailing = true
                    statistics.errors[error.kind.name, default: 0] += 1
                }
                handler(.failed(error, retryIn: wait))
            case .recovered:
                statistics.update {
                    $0.isFollowing = true
                    $0.isFailing = false
                }
                handler(.recovered)
            case .listsInstead(let reason):
                logger.info(
                    "The API server does not stream lists; they are asked for in pages",
                    metadata: ["resource": "\(Resource.resource.qualifiedName)", "reason": "\(reason)"]
                )
            }
        }
        return actions.next
    }

    private func skip(_ object: LenientObject<Resource>, _ run: inout ReflectorRun<Resource>) {
        statistics.update { $0.skippedObjects += 1 }
        guard let count = run.skipped.skip(now: run.now) else { return }
        logger.warning(
            "objects that cannot be read are left out",
            metadata: [
                "resource": "\(Resource.resource.qualifiedName)",
                "object": "\(object.key)",
                "reason": "\(object.problem ?? "")",
                "count": "\(count)",
            ]
        )
    }

    private var watchName: String {
        "WATCH \(Resource.resource.qualifiedName)"
    }
}

/// What one call of `run` works with.
private struct ReflectorRun<Resource: KubernetesResource> {
    var machine: ReflectorStateMachine
    /// Nil until it is found out.
    var version: String?
    var skipped = SkippedObjects()
    let strings = StringPool()
    private let started = ContinuousClock.now

    init(_ configuration: ReflectorStateMachine.Configuration) {
        machine = ReflectorStateMachine(configuration: configuration) { Double.random(in: 0..<1) }
    }

    var now: Duration { ContinuousClock.now - started }
}
