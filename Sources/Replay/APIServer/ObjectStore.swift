/// The objects of an API server, and the history that watches resume from. Pure: a store of what was applied.
struct ObjectStore: Sendable {
    /// One change, numbered in the order of all changes.
    struct Change: Sendable {
        let revision: UInt64
        let kind: Recording.ObjectEvent.Kind
        /// Of a deleted object the last state.
        let object: ReplayObject
        /// The state before: for selectors that matched until now, and for lists of earlier states.
        let previous: Stored?
    }

    /// What a watch is sent of one change.
    struct WatchEvent: Sendable {
        let kind: Recording.ObjectEvent.Kind
        let object: ReplayObject
        let revision: UInt64
    }

    /// A stored object and the revision of its last change.
    struct Stored: Sendable {
        let object: ReplayObject
        let revision: UInt64
    }

    /// The number of the last change. Starts at 1, as a resource version of 0 means "any" in requests.
    private(set) var revision: UInt64 = 1
    private var objects: [ReplayObject.Key: Stored] = [:]
    private var history: [Change] = []
    /// Watches from before this revision get 410, and so do lists of states before it.
    private var oldestRevision: UInt64 = 1

    mutating func apply(_ kind: Recording.ObjectEvent.Kind, _ object: ReplayObject) -> Change {
        revision += 1
        let change = Change(revision: revision, kind: kind, object: object, previous: objects[object.key])
        objects[object.key] = kind == .deleted ? nil : Stored(object: object, revision: revision)
        history.append(change)
        return change
    }

    /// Takes an object away without telling any watch: only a new list shows it.
    mutating func forget(_ key: ReplayObject.Key) {
        revision += 1
        objects[key] = nil
        oldestRevision = revision
        history.removeAll()
    }

    /// Makes all earlier resource versions too old to watch from, also those of resources that have not changed since.
    mutating func compact() {
        revision += 1
        forgetHistory()
    }

    /// Only the latest resource version can be watched from: an API server that starts knows no more.
    mutating func forgetHistory() {
        oldestRevision = revision
        history.removeAll()
    }

    /// The matching objects, ordered by namespace and name.
    func list(_ query: ObjectQuery) -> [Stored] { Self.list(query, objects) }

    /// The matching objects as they were; nil when that is not known any more, or not yet.
    func list(_ query: ObjectQuery, at revision: UInt64) -> [Stored]? {
        guard (oldestRevision...self.revision).contains(revision) else { return nil }
        var objects = objects
        for change in history.reversed() {
            guard change.revision > revision else { break }
            objects[change.object.key] = change.previous
        }
        return Self.list(query, objects)
    }

    private static func list(_ query: ObjectQuery, _ objects: [ReplayObject.Key: Stored]) -> [Stored] {
        objects.values.filter { query.matches($0.object) }.sorted { $0.object.key < $1.object.key }
    }

    /// What a watch is told of the changes after `revision`; nil when they are not known any more. There are none behind
    /// a revision that is still to come.
    func events(after revision: UInt64, _ query: ObjectQuery) -> [WatchEvent]? {
        guard revision >= oldestRevision else { return nil }
        return history.drop { $0.revision <= revision }.compactMap { Self.event(for: $0, query) }
    }

    /// What a watch is told of a change: an object that begins to match its selectors is added, one that ceases to is
    /// deleted (Kubernetes API concepts, "Efficient detection of changes").
    static func event(for change: Change, _ query: ObjectQuery) -> WatchEvent? {
        let matches = query.matches(change.object)
        let matched = change.previous.map { query.matches($0.object) } ?? false
        let kind: Recording.ObjectEvent.Kind
        switch (change.kind, matched, matches) {
        case (.deleted, _, true), (.deleted, true, _), (_, true, false): kind = .deleted
        case (_, true, true): kind = .modified
        case (_, false, true): kind = .added
        case (_, false, false): return nil
        }
        return WatchEvent(kind: kind, object: change.object, revision: change.revision)
    }
}
