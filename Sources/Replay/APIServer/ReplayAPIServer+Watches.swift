internal import HTTPServer

extension ReplayAPIServer {
    /// A watch that is open.
    struct Watcher: Sendable {
        let query: ObjectQuery
        let bookmarks: Bool
        /// What happened up to here is known to the client, or it says so.
        var after: UInt64
        let repeatsEvents: Bool
        let padding: Int
        let output: AsyncStream<WatchOutput>.Continuation
        /// The objects that there are, are still being told.
        var isInitial: Bool
        /// Events in this phase.
        var told = 0
        /// Nothing more is sent.
        var isSilent = false
    }
}

/// What watches are told.
extension ReplayAPIServer.State {
    mutating func watch(
        _ query: ObjectQuery,
        _ options: WatchOptions,
        _ effects: [APIFault.Effect]
    ) -> APIAnswer {
        if effects.last == .cutOffInChunk { return .brokenOff(inChunk: WatchBeginning.halfLine, promising: 1000) }
        let beginning: WatchBeginning
        do throws(APIStatus) {
            beginning = try self.beginning(of: query, options)
        } catch {
            return .whole(.status(error))
        }
        let (stream, output) = AsyncStream.makeStream(of: WatchOutput.self)
        nextID += 1
        let id = nextID
        watchers[id] = ReplayAPIServer.Watcher(
            query: query,
            bookmarks: options.bookmarks,
            // The objects of the beginning are told whatever their versions.
            after: beginning.isStreamingList || beginning.initial.isEmpty ? beginning.after : 0,
            repeatsEvents: effects.contains(.repeatEvents),
            padding: effects.padding,
            output: output,
            isInitial: beginning.isStreamingList
        )
        for effect in effects { strike(id, with: effect) }
        begin(id, beginning)
        return .watch(id: id, stream, pieceSize: effects.pieceSize, timeoutSeconds: options.timeoutSeconds)
    }

    private mutating func begin(_ id: UInt64, _ beginning: WatchBeginning) {
        if let failure = beginning.failure {
            strike(id, with: .status(failure))
            return
        }
        if beginning.isStreamingList {
            strike(id, at: .initialEvent(0))
            for event in beginning.initial { tell(event, to: id) }
            strike(id, at: .initialEventsEnd)
            if traits.streamingLists != .endless { sendBookmark(to: id, beginning.after, endsInitialEvents: true) }
            watchers[id]?.isInitial = false
            watchers[id]?.told = 0
        }
        strike(id, at: .event(0))
        if !beginning.isStreamingList {
            for event in beginning.initial { tell(event, to: id) }
            watchers[id]?.after = beginning.after
        }
        for event in beginning.missed { tell(event, to: id) }
    }

    /// Where a watch begins (Kubernetes API concepts, "Semantics for watch" and "Streaming lists").
    private func beginning(of query: ObjectQuery, _ options: WatchOptions) throws(APIStatus) -> WatchBeginning {
        let streams = try streamsInitialEvents(options)
        guard let asked = try revision(options.resourceVersion), streams == true || asked > 0 else {
            // The latest state, or any.
            let revision = options.resourceVersion.isEmpty ? store.revision : cacheRevision
            guard streams != true || revision <= cacheRevision else {
                return WatchBeginning(failure: .resourceVersionTooLarge)
            }
            return beginning(of: query, at: revision, hasObjects: streams != false, isStreamingList: streams == true)
        }
        if streams == true {
            guard asked <= cacheRevision else { return WatchBeginning(failure: .resourceVersionTooLarge) }
            return beginning(of: query, at: cacheRevision, hasObjects: true, isStreamingList: true)
        }
        // Like the real one: the watch begins well, its first event is the error. One that begins in the future waits for
        // it (apiserver `pkg/storage/cacher`, `cacheWatcher.process`).
        guard let missed = store.events(after: asked, query) else { return WatchBeginning(failure: .expired) }
        return WatchBeginning(missed: missed.filter { $0.revision <= cacheRevision }, after: asked)
    }

    /// With what there was at that revision. Where a cache that is held has an older state than is known any more, that is
    /// said: told as nothing at all, everything would seem to be deleted.
    private func beginning(
        of query: ObjectQuery,
        at revision: UInt64,
        hasObjects: Bool,
        isStreamingList: Bool
    ) -> WatchBeginning {
        guard let objects = store.list(query, at: revision) else { return WatchBeginning(failure: .expired) }
        let initial = objects.map {
            ObjectStore.WatchEvent(kind: .added, object: $0.object, revision: $0.revision)
        }
        return WatchBeginning(
            initial: hasObjects ? initial : [],
            after: revision,
            isStreamingList: isStreamingList
        )
    }

    /// Nil when nothing is said about it, or nothing understood.
    private func streamsInitialEvents(_ options: WatchOptions) throws(APIStatus) -> Bool? {
        let name = "sendInitialEvents"
        switch traits.streamingLists {
        case .ignored: return nil
        case .refused where options.sendsInitialEvents != nil: throw .badRequest("unknown parameter \(name)")
        case .disabled where options.sendsInitialEvents != nil:
            throw .invalidOption(
                name,
                "Forbidden: \(name) is forbidden for watch unless the WatchList feature gate is enabled"
            )
        case .supported, .endless, .refused, .disabled: break
        }
        let match = "resourceVersionMatch"
        if options.sendsInitialEvents == nil {
            guard options.match.isEmpty else {
                throw .invalidOption(match, "Forbidden: \(match) is forbidden for watch unless \(name) is provided")
            }
        } else if options.match != "NotOlderThan" {
            throw .invalidOption(match, "Forbidden: \(name) requires setting \(match) to NotOlderThan")
        }
        return options.sendsInitialEvents
    }

    // MARK: - Telling

    mutating func apply(_ kind: Recording.ObjectEvent.Kind, _ object: ReplayObject) {
        let change = store.apply(kind, object)
        guard heldCacheRevision == nil else { return }
        for id in watchers.keys.sorted() {
            guard let event = watchers[id].flatMap({ ObjectStore.event(for: change, $0.query) }) else { continue }
            tell(event, to: id)
        }
        if traits.bookmarks == .always { sendBookmarks() }
    }

    mutating func releaseCache() {
        guard let held = heldCacheRevision else { return }
        heldCacheRevision = nil
        for id in watchers.keys.sorted() {
            guard let query = watchers[id]?.query else { continue }
            if let events = store.events(after: held, query) {
                for event in events { tell(event, to: id) }
            } else {
                strike(id, with: .status(.expired))
            }
        }
    }

    private mutating func tell(_ event: ObjectStore.WatchEvent, to id: UInt64) {
        guard var watcher = watchers[id], !watcher.isSilent else { return }
        let place: APIFault.Place
        if watcher.isInitial {
            place = .initialEvent(watcher.told + 1)
        } else {
            guard event.revision > watcher.after else { return }
            place = .event(watcher.told + 1)
        }
        watcher.told += 1
        watchers[id] = watcher
        let line = APIDocuments.event(event, watcher.query, padding: watcher.padding)
        for _ in 0..<(watcher.repeatsEvents ? 2 : 1) { watcher.output.yield(.bytes(line)) }
        strike(id, at: place)
    }

    mutating func sendBookmarks() {
        for id in watchers.keys.sorted() { sendBookmark(to: id, cacheRevision) }
    }

    private func sendBookmark(to id: UInt64, _ revision: UInt64, endsInitialEvents: Bool = false) {
        guard let watcher = watchers[id], watcher.bookmarks, !watcher.isSilent, revision >= watcher.after,
            endsInitialEvents || traits.bookmarks != .never
        else { return }
        let line = APIDocuments.bookmark(
            watcher.query,
            revision: revision,
            endsInitialEvents: endsInitialEvents
        )
        watcher.output.yield(.bytes(line))
    }

    // MARK: - Ends and faults

    /// The watch has lasted for as long as was asked.
    mutating func timeOut(_ id: UInt64) {
        guard watchers[id]?.isSilent == false else { return }
        sendBookmark(to: id, cacheRevision)
        endWatch(id)
    }

    mutating func endWatch(_ id: UInt64) {
        watchers.removeValue(forKey: id)?.output.finish()
    }

    private mutating func strike(_ id: UInt64, at place: APIFault.Place) {
        guard let watcher = watchers[id], !watcher.isSilent else { return }
        for effect in faults.take(at: place, of: watcher.query.resource) { strike(id, with: effect) }
    }

    mutating func strike(_ id: UInt64, with effect: APIFault.Effect) {
        guard let watcher = watchers[id], !watcher.isSilent else { return }
        switch effect {
        case .status(let status):
            watcher.output.yield(.bytes(APIDocuments.error(status)))
            endWatch(id)
        case .answer(_, let body):
            watcher.output.yield(.bytes(Array((body.replacing("\n", with: " ") + "\n").utf8)))
        case .hang: watchers[id]?.isSilent = true
        case .drop, .dropAfterHead:
            watcher.output.yield(.cut)
            endWatch(id)
        case .cutOff, .cutOffInChunk:
            watcher.output.yield(.bytes(WatchBeginning.halfLine))
            watcher.output.yield(.cut)
            endWatch(id)
        case .truncate:
            watcher.output.yield(.bytes(WatchBeginning.halfLine))
            endWatch(id)
        case .end: endWatch(id)
        case .unreadableObject:
            let object = APIDocuments.unreadable(watcher.query, revision: cacheRevision)
            watcher.output.yield(.bytes(APIDocuments.line("ADDED", object)))
        case .unknownEvent: watcher.output.yield(.bytes(APIDocuments.unknownEvent()))
        case .repeatEvents, .pieces, .pad: break
        }
    }
}

/// What a watch is told at first.
private struct WatchBeginning {
    static let halfLine = Array(#"{"type":"MODIFIED","object":{"kind":"#.utf8)

    /// An ERROR event in place of all others.
    var failure: APIStatus?
    /// The objects there are.
    var initial: [ObjectStore.WatchEvent] = []
    /// What has happened since the version that was asked for.
    var missed: [ObjectStore.WatchEvent] = []
    /// Changes up to here are not told.
    var after: UInt64 = 0
    var isStreamingList = false
}
