import Kubernetes
import OTLP

/// References to TaskRuns that are not known, or not with that trace: the object may only come later than the span.
struct Sightings: Sendable {
    private struct Sighting: Sendable {
        let namespace: String
        let name: String
        let since: Duration
    }

    private var byTrace: [TraceID: [Sighting]] = [:]
    private(set) var count = 0

    /// False when it is not kept because `limit` are waiting.
    mutating func add(
        namespace: some Collection<UInt8>,
        name: some Collection<UInt8>,
        traceID: TraceID,
        now: Duration,
        limit: Int
    ) -> Bool {
        let isKnown = byTrace[traceID]?.contains {
            $0.name.isEqual(to: name) && $0.namespace.isEqual(to: namespace)
        }
        if isKnown == true { return true }
        guard count < limit else { return false }
        byTrace[traceID, default: []].append(
            Sighting(
                namespace: String(decoding: namespace, as: UTF8.self),
                name: String(decoding: name, as: UTF8.self),
                since: now
            )
        )
        count += 1
        return true
    }

    /// Takes out the sighting of a TaskRun in this trace; false when there is none.
    mutating func take(key: ObjectKey, traceID: TraceID) -> Bool {
        let matching = byTrace[traceID]?.firstIndex { $0.name == key.name && $0.namespace == key.namespace }
        guard let matching else { return false }
        byTrace[traceID]?.remove(at: matching)
        if byTrace[traceID]?.isEmpty == true { byTrace[traceID] = nil }
        count -= 1
        return true
    }

    var all: [(key: ObjectKey, traceID: TraceID)] {
        byTrace.flatMap { traceID, waiting in
            waiting.map { (ObjectKey(namespace: $0.namespace, name: $0.name, uid: ""), traceID) }
        }
    }

    /// Forgets those that have waited for `timeout`; their number.
    mutating func expire(now: Duration, timeout: Duration) -> Int {
        let before = count
        for (traceID, waiting) in byTrace {
            let kept = waiting.filter { now - $0.since < timeout }
            count -= waiting.count - kept.count
            byTrace[traceID] = kept.isEmpty ? nil : kept
        }
        return before - count
    }
}
