internal import HTTPServer
internal import Synchronization

/// What the messages of one request have of a `BodyBudget`.
///
/// It is given back when nobody needs them any more: neither the stream that they come on, which ends at once when its
/// client cancels, nor the service, whose pipeline goes on with them nevertheless.
final class RequestMemory: Sendable {
    private let bodies: BodyBudget
    /// Only changed on the event loop of the stream.
    private let held = Atomic(0)

    init(_ bodies: BodyBudget) { self.bodies = bodies }

    deinit { bodies.giveBack(held.load(ordering: .relaxed)) }

    /// How many bytes there may be beside those that the request has already.
    var room: Int {
        let own = held.load(ordering: .relaxed)
        return bodies.room(own: own) - own
    }

    /// False: there is no room for so many, and none are taken.
    func take(_ bytes: Int) -> Bool {
        guard bodies.take(bytes, own: held.load(ordering: .relaxed)) else { return false }
        held.add(bytes, ordering: .relaxed)
        return true
    }
}

/// The memory of the requests whose streams are open, by a header that the server adds to each request: the transport
/// hands nothing else on from a stream to the service.
final class RequestMemories: Sendable {
    static let header = "steptrace-request-memory"

    private struct State {
        var last: UInt64 = 0
        var memories: [String: RequestMemory] = [:]
    }

    private let state = Mutex(State())

    /// - Returns: the header's value.
    func add(_ memory: RequestMemory) -> String {
        state.withLock { state in
            state.last += 1
            let id = "\(state.last)"
            state.memories[id] = memory
            return id
        }
    }

    func remove(_ id: String) {
        // What is given back is so outside of the lock.
        _ = state.withLock { $0.memories.removeValue(forKey: id) }
    }

    /// Nil when the stream has ended.
    subscript(id: String) -> RequestMemory? { state.withLock { $0.memories[id] } }
}
