/// What can go wrong.
extension ReplayAPIServer {
    /// Lets something go wrong from now on.
    public func inject(_ fault: APIFault) { state.update { $0.faults.add(fault) } }

    /// Lets requests fail from now on.
    ///
    /// - Parameters:
    ///   - resource: only requests for it; nil for all.
    ///   - times: how many requests; nil for all until `recover`.
    public func fail(
        _ place: APIFault.Place = .anything,
        _ resource: RecordedResource? = nil,
        with effect: APIFault.Effect,
        times: Int? = nil
    ) {
        inject(APIFault(effect, at: place, of: resource, times: times))
    }

    /// Nothing more goes wrong. What was left hanging stays so.
    public func recover() { state.update { $0.faults.removeAll() } }

    /// What kind of server it is, from now on.
    public var traits: APIServerTraits {
        get { state.value.traits }
        set { state.update { $0.traits = newValue } }
    }

    /// With false the server knows no `tekton.dev`: as before Tekton is installed. Watches of it end.
    public func serveTekton(_ serves: Bool) {
        state.update { state in
            state.servesTekton = serves
            guard !serves else { return }
            for (id, watcher) in state.watchers where watcher.query.resource.isTekton { state.endWatch(id) }
        }
    }

    /// Takes an object away without an event: watches never hear of it, a new list shows it. Earlier resource versions
    /// are too old from then on.
    public func lose(_ resource: RecordedResource, namespace: String, name: String) {
        state.update {
            $0.store.forget(ReplayObject.Key(resource: resource, namespace: namespace, name: name))
        }
    }

    /// Makes all resource versions and continue tokens that were given out too old: 410.
    public func expire() { state.update { $0.store.compact() } }

    /// The watch cache stays as it is, as of an API server that is behind: lists that may be old are, those that may not
    /// are refused, and watches are told nothing.
    public func holdCache() { state.update { $0.heldCacheRevision = $0.cacheRevision } }

    /// The watch cache catches up.
    public func releaseCache() { state.update { $0.releaseCache() } }
}

/// What happens to open watches, at once.
extension ReplayAPIServer {
    /// - Parameter effect: as in the middle of a watch.
    public func strikeWatches(with effect: APIFault.Effect) {
        state.update { state in
            for id in state.watchers.keys.sorted() { state.strike(id, with: effect) }
        }
    }

    /// Ends all watches cleanly, as at their timeout.
    public func endWatches() { strikeWatches(with: .end) }

    /// Closes all watches in the middle of a line.
    public func breakWatches() { strikeWatches(with: .cutOff) }

    /// Sends an ERROR event on all watches and ends them.
    public func failWatches(with status: APIStatus = .expired) { strikeWatches(with: .status(status)) }

    /// Sends a bookmark on all watches that asked for them.
    public func sendBookmarks() { state.update { $0.sendBookmarks() } }
}

/// What happens to the whole server.
extension ReplayAPIServer {
    /// The objects of a server, with its resource version.
    public struct Backup: Sendable {
        let store: ObjectStore
    }

    /// Stops and starts again. It knows its objects, but not what happened before: earlier resource versions are too old.
    public func restart() async throws {
        await stop()
        state.update {
            $0.heldCacheRevision = nil
            $0.store.forgetHistory()
        }
        try await start()
    }

    public func backup() -> Backup { Backup(store: state.value.store) }

    /// Stops and starts again from a backup: what happened since then has not happened, and resource versions that were
    /// given out since then are still to come.
    public func restore(_ backup: Backup) async throws {
        await stop()
        state.update {
            $0.heldCacheRevision = nil
            $0.store = backup.store
            $0.store.forgetHistory()
        }
        try await start()
    }
}
