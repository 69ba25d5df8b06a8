/// Which connections a server has, and which of them goes when another one comes and there is no room: a sender that
/// comes is not locked out by others that are only there. It closes nothing; whoever accepts performs what it says.
public struct ConnectionTable<ID: Hashable> {
    public enum Admission: Equatable {
        case admitted
        /// This one is to be closed, and is not in the table any more.
        case inPlaceOf(ID)
        /// All others are being served.
        case refused
    }

    /// So many of those that go next are looked for at a time.
    private static var batch: Int { 64 }

    public let limit: Int
    private var connections: [ID: ConnectionActivity] = [:]
    /// Those idle ones that go next, the first of them at the end, with what they were at when they were looked for.
    /// One that is still at it has not been passed by any other: those that became idle since are idle for less.
    private var next: [(id: ID, rank: UInt64)] = []

    public init(limit: Int) { self.limit = max(1, limit) }

    public var count: Int { connections.count }

    /// Whether another connection would be admitted.
    public mutating func hasRoom() -> Bool { connections.count < limit || candidate() != nil }

    public mutating func admit(_ id: ID, _ activity: ConnectionActivity) -> Admission {
        guard connections.count >= limit else {
            connections[id] = activity
            return .admitted
        }
        guard let leaving = candidate() else { return .refused }
        if !next.isEmpty { next.removeLast() }
        connections[leaving] = nil
        connections[id] = activity
        return .inPlaceOf(leaving)
    }

    /// The connection is closed.
    public mutating func remove(_ id: ID) { connections[id] = nil }

    public subscript(id: ID) -> ConnectionActivity? { connections[id] }

    /// The connection that goes next; nil when all are being served.
    private mutating func candidate() -> ID? {
        while let last = next.last {
            if let activity = connections[last.id], activity.rank == last.rank { return last.id }
            next.removeLast()
        }
        let ranks = connections.lazy.map { (id: $0.key, rank: $0.value.rank) }
        next = Array(
            ranks.filter { !ConnectionActivity.isSending($0.rank) }.sorted { $0.rank < $1.rank }.prefix(Self.batch)
                .reversed()
        )
        if let last = next.last { return last.id }
        return ranks.filter { $0.rank != ConnectionActivity.served }.min { $0.rank < $1.rank }?.id
    }
}
