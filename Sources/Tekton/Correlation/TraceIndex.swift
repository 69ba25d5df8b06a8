import Kubernetes
import OTLP

/// Finds the TaskRuns of a trace, and what a span that passes by needs to know of them: whether it names one that has been
/// sighted already. Asked for each reference in each batch, so that it touches nothing else.
struct TraceIndex: Sendable {
    struct Entry: Sendable {
        let uid: String
        let namespace: String
        let name: String
        var isSighted = false

        func isNamed(namespace: some Collection<UInt8>, name: some Collection<UInt8>) -> Bool {
            self.name.isEqual(to: name) && self.namespace.isEqual(to: namespace)
        }
    }

    private var entries: [TraceID: [Entry]] = [:]

    var isEmpty: Bool { entries.isEmpty }

    subscript(traceID: TraceID) -> [Entry] { entries[traceID] ?? [] }

    /// Whether a TaskRun of this name is in that trace, and the UIDs of those that have not been sighted.
    func find(
        namespace: some Collection<UInt8>,
        name: some Collection<UInt8>,
        traceID: TraceID
    ) -> (isKnown: Bool, unsighted: [String]) {
        var isKnown = false
        var unsighted: [String] = []
        for entry in self[traceID] where entry.isNamed(namespace: namespace, name: name) {
            isKnown = true
            if !entry.isSighted { unsighted.append(entry.uid) }
        }
        return (isKnown, unsighted)
    }

    mutating func insert(uid: String, key: ObjectKey, traceID: TraceID) {
        let entry = Entry(uid: uid, namespace: key.namespace, name: key.name)
        // An array literal has no room to spare, and mostly there is no second entry.
        if entries[traceID]?.append(entry) == nil { entries[traceID] = [entry] }
    }

    mutating func remove(uid: String, traceID: TraceID) {
        entries[traceID]?.removeAll { $0.uid == uid }
        if entries[traceID]?.isEmpty == true { entries[traceID] = nil }
    }

    mutating func markSighted(uid: String, traceID: TraceID) {
        guard let index = entries[traceID]?.firstIndex(where: { $0.uid == uid }) else { return }
        entries[traceID]?[index].isSighted = true
    }

    /// True when a TaskRun of this name in this trace has been sighted: the sighting is one of the name, not of the UID.
    func hasSighted(_ key: ObjectKey, traceID: TraceID) -> Bool {
        self[traceID].contains { $0.isSighted && $0.name == key.name && $0.namespace == key.namespace }
    }

    mutating func shrink() { entries.shrink() }
}

extension Dictionary {
    /// Gives memory back after most entries have gone.
    mutating func shrink() {
        guard capacity > 1024, count < capacity / 8 else { return }
        self = Dictionary(uniqueKeysWithValues: Array(self))
    }
}

extension String {
    /// Whether its UTF-8 is these bytes. Compares in place where the bytes are in one piece, not one call per byte.
    func isEqual(to bytes: some Collection<UInt8>) -> Bool {
        guard utf8.count == bytes.count else { return false }
        return bytes.withContiguousStorageIfAvailable { utf8.elementsEqual($0) } ?? utf8.elementsEqual(bytes)
    }
}
