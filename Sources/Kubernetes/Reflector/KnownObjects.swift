/// The objects that the consumer knows of, so that deletions which no watch told of can be made up for.
struct KnownObjects: Sendable {
    private struct Entry {
        let uid: String
        /// The list in which it was seen last.
        var generation: UInt32
    }

    /// By namespace and name.
    private var entries: [String: [String: Entry]] = [:]
    private var generation: UInt32 = 0
    /// False where nobody asks for deletions: nothing is remembered, and none made up for.
    private let isUsed: Bool
    private(set) var count = 0

    init(isUsed: Bool = true) {
        self.isUsed = isUsed
    }

    mutating func beginList() {
        generation &+= 1
    }

    /// The object exists. Returns the one that had its name before, which must be gone.
    mutating func insert(_ key: ObjectKey) -> ObjectKey? {
        guard isUsed else { return nil }
        let old = entries[key.namespace]?[key.name]
        if old?.uid == key.uid {
            // The texts stay those that were kept before: whoever keeps them too has the same ones.
            entries[key.namespace]?[key.name]?.generation = generation
            return nil
        }
        entries[key.namespace, default: [:]][key.name] = Entry(uid: key.uid, generation: generation)
        guard let old else {
            count += 1
            return nil
        }
        return ObjectKey(namespace: key.namespace, name: key.name, uid: old.uid)
    }

    mutating func remove(_ key: ObjectKey) {
        guard entries[key.namespace]?[key.name]?.uid == key.uid else { return }
        entries[key.namespace]?[key.name] = nil
        if entries[key.namespace]?.isEmpty == true { entries[key.namespace] = nil }
        count -= 1
    }

    /// The list is complete: whatever was not in it is gone. Sorted by namespace and name.
    mutating func endList() -> [ObjectKey] {
        var gone: [ObjectKey] = []
        for (namespace, names) in entries {
            for (name, entry) in names where entry.generation != generation {
                gone.append(ObjectKey(namespace: namespace, name: name, uid: entry.uid))
            }
        }
        for key in gone { remove(key) }
        return gone.sorted { ($0.namespace, $0.name) < ($1.namespace, $1.name) }
    }
}
