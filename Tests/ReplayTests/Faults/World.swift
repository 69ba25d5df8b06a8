import TestSupport

@testable import Replay

/// Makes, changes, replaces and deletes pods at random.
struct World {
    var generator: SeededGenerator
    private var uids: [String: String] = [:]
    private var nextUID = 0

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    mutating func change(_ server: ReplayAPIServer, times: Int) throws {
        for _ in 0..<times { try change(server) }
    }

    private mutating func change(_ server: ReplayAPIServer) throws {
        let name = "p\(Int.random(in: 0..<10, using: &generator))"
        guard let uid = uids[name] else { return try make(name, server) }
        switch Int.random(in: 0..<10, using: &generator) {
        case 0, 1:
            uids[name] = nil
            try server.pod(.deleted, name, uid: uid)
        case 2:
            try server.pod(.deleted, name, uid: uid)
            try make(name, server)
        default: try server.pod(.modified, name, uid: uid)
        }
    }

    private mutating func make(_ name: String, _ server: ReplayAPIServer) throws {
        nextUID += 1
        uids[name] = "uid\(nextUID)"
        try server.pod(.added, name, uid: "uid\(nextUID)")
    }

    /// What there is now is what there was then.
    mutating func restore(_ server: ReplayAPIServer) {
        let pods = server.state.value.store.list(ObjectQuery(resource: .pods))
        uids = Dictionary(uniqueKeysWithValues: pods.map { ($0.object.key.name, $0.object.uid) })
    }
}
