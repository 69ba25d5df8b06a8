/// The objects that the consumer knows of, so that deletions which no watch told of can be made up for.
struct KnownObjects: Sendable {
    private struct Name: Hashable {
        let namespace: String
        let name: String

        init(_ key: ObjectKey) {
            namespace = key.namespace
            name = key.name
        }
    }

    private struct Entry {
        var uid: String
        /// The list in which it was seen last.
        var generation: Int
    }

    private var entries: [Name: Entry] = [:]
    private var generation = 0

    var count: Int { entries.count }

    mutating func beginList() {
        generation += 1
    }

    /// The object exists. Returns the one that had its name before, which must be gone.
    mutating func insert(_ key: ObjectKey) -> ObjectKey? {
        let old = entries.updateValue(Entry(uid: key.uid, generation: generation), forKey: Name(key))
        guard let old, old.uid != key.uid else { return nil }
        return ObjectKey(namespace: key.namespace, name: key.name, uid: old.uid)
    }

    mutating func remove(_ key: ObjectKey) {
        let name = Name(key)
        if entries[name]?.uid == key.uid {
            entries[name] = nil
        }
    }

    /// The list is complete: whatever was not in it is gone. Sorted by namespace and name.
    mutating func endList() -> [ObjectKey] {
        var gone: [ObjectKey] = []
        for (name, entry) in entries where entry.generation != generation {
            gone.append(ObjectKey(namespace: name.namespace, name: name.name, uid: entry.uid))
        }
        for key in gone {
            entries[Name(key)] = nil
        }
        return gone.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
    }
}
