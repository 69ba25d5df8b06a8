import Testing

@testable import Kubernetes

/// Random behaviour of an API server against the state machine: whatever happens, in the end the consumer knows exactly
/// the server's objects.
@Suite struct ReflectorHistoryTests {
    @Test("the consumer ends with the server's objects", arguments: 0..<400, [false, true])
    func converges(seed: UInt64, streamsLists: Bool) {
        var history = History(seed: seed, streamsLists: streamsLists)
        history.run(steps: 300, faults: true)
        history.run(steps: 60, faults: false)
        #expect(history.known == history.server.objects, "seed \(seed)")
        #expect(history.isIdle, "seed \(seed): not caught up")
        #expect(history.violations == [], "seed \(seed)")
        #expect(streamsLists == (history.streams > 0 || history.isRefused))
    }
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

private struct SimulatedServer {
    struct Object: Equatable {
        var uid: String
        var version: Int
    }

    struct Event {
        var change: ReflectorStateMachine.Change
        var name: String
        var object: Object
    }

    private(set) var objects: [String: Object] = [:]
    /// The objects at each version.
    private(set) var snapshots: [[String: Object]] = [[:]]
    /// What happened at each version; nothing at 0.
    private(set) var events: [Event?] = [nil]
    /// Watches and continue tokens from before this are expired.
    var compacted = 0

    var version: Int { snapshots.count - 1 }

    mutating func mutate(using random: inout SplitMix) {
        let name = "o\(Int.random(in: 0..<8, using: &random))"
        let next = version + 1
        let change: ReflectorStateMachine.Change
        let object: Object
        if let old = objects[name] {
            change = Bool.random(using: &random) ? .modified : .deleted
            object = Object(uid: old.uid, version: next)
        } else {
            change = .added
            object = Object(uid: "uid\(next)", version: next)
        }
        objects[name] = change == .deleted ? nil : object
        snapshots.append(objects)
        events.append(Event(change: change, name: name, object: object))
    }

    /// Not a number, so that nobody reads it as one.
    static func text(_ version: Int) -> String { "rv-\(version)" }

    static func version(_ text: String) -> Int? { Int(text.dropFirst(3)) }
}

private struct History {
    private var random: SplitMix
    private(set) var server = SimulatedServer()
    private(set) var known: [String: SimulatedServer.Object] = [:]
    private(set) var violations: [String] = []
    /// Watching, and told of everything.
    private(set) var isIdle = false
    private var machine: ReflectorStateMachine
    private var next: ReflectorStateMachine.Next
    private var now = Duration.zero
    private var failing = false
    /// The server has refused to stream a list.
    private(set) var isRefused = false
    /// Streaming lists that were completed.
    private(set) var streams = 0

    init(seed: UInt64, streamsLists: Bool) {
        random = SplitMix(state: seed)
        let factor = Double(seed % 100) / 100
        machine = ReflectorStateMachine(
            configuration: .init(streamsLists: streamsLists, pageSize: 3),
            random: { factor }
        )
        next = machine.start()
    }

    mutating func run(steps: Int, faults: Bool) {
        for _ in 0..<steps {
            now += .milliseconds(Int.random(in: 0..<5000, using: &random))
            if faults { disturb() }
            switch next {
            case .list(let request): list(request, faults: faults)
            case .watch(let request): watch(request, faults: faults)
            case .wait(let duration):
                if duration <= .zero || duration > .seconds(120) { violations.append("waits \(duration)") }
                now += duration
                next = machine.timerFired()
            case .read: violations.append("reads without a watch")
            }
        }
    }

    private mutating func disturb() {
        for _ in 0..<Int.random(in: 0..<4, using: &random) {
            server.mutate(using: &random)
        }
        if chance(0.1) { server.compacted = Int.random(in: server.compacted...server.version, using: &random) }
    }

    private mutating func chance(_ probability: Double) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }

    private mutating func anyError() -> KubernetesError {
        var kinds: [KubernetesError.Kind] = [
            .unauthorized, .notFound, .expired, .resourceVersionTooLarge, .tooManyRequests, .tooLarge, .connect,
            .transport, .storageRead, .server(status: 500), .server(status: 503), .decoding,
        ]
        // These end streaming for good: not before it has been tried.
        if !machine.awaitsInitialEvents || chance(0.1) { kinds += [.forbidden, .server(status: 422)] }
        let retryAfter: Duration? = chance(0.2) ? .seconds(Int.random(in: 0..<500, using: &random)) : nil
        return KubernetesError(kinds.randomElement(using: &random) ?? .connect, "fault", retryAfter: retryAfter)
    }

    private mutating func list(_ request: ReflectorStateMachine.ListRequest, faults: Bool) {
        if faults, chance(0.25) {
            return perform(machine.listFailed(anyError(), now: now), [])
        }
        let version: Int
        var offset = 0
        if let token = request.continueToken {
            if !request.resourceVersion.isEmpty { violations.append("a version beside a continue token") }
            let parts = token.split(separator: "/").compactMap { Int($0) }
            version = parts[0]
            offset = parts[1]
            guard version >= server.compacted else {
                return perform(machine.listFailed(KubernetesError(.expired, "token"), now: now), [])
            }
        } else if request.resourceVersion.isEmpty {
            version = server.version
        } else {
            // "0": any state; another: any that is not older. Such a list comes from a cache, which may lag.
            let oldest = request.resourceVersion == "0" ? 0 : SimulatedServer.version(request.resourceVersion) ?? -1
            guard oldest >= 0 else { return violations.append("unknown version \(request.resourceVersion)") }
            version = Int.random(in: oldest...server.version, using: &random)
        }
        let names = server.snapshots[version].keys.sorted()
        let end = min(names.count, offset + (request.limit ?? names.count))
        let objects = names[offset..<end].compactMap { name in server.snapshots[version][name].map { (name, $0) } }
        let page = ReflectorStateMachine.Page(
            keys: objects.map { key($0.0, uid: $0.1.uid) },
            resourceVersion: SimulatedServer.text(version),
            continueToken: end < names.count ? "\(version)/\(end)" : ""
        )
        perform(machine.listed(page), objects)
        if end == names.count, known != server.snapshots[version] {
            violations.append("after a list at \(version): \(known)")
        }
    }

    private mutating func watch(_ request: ReflectorStateMachine.WatchRequest, faults: Bool) {
        if faults, chance(0.2) {
            return perform(machine.watchFailed(anyError(), now: now), [])
        }
        var version: Int
        var events = 0
        if request.sendsInitialEvents {
            perform(machine.watchStarted(), [])
            guard let streamed = stream(request, faults: faults) else { return }
            version = streamed
            events = 1
        } else {
            guard let asked = SimulatedServer.version(request.resourceVersion) else {
                return violations.append("unknown version \(request.resourceVersion)")
            }
            version = asked
            perform(machine.watchStarted(), [])
            guard version >= server.compacted else {
                return perform(machine.watchFailed(KubernetesError(.expired, "too old"), now: now), [])
            }
        }
        while version < server.version {
            if faults, chance(0.15) { return endWatch(events: events) }
            if faults, chance(0.1) { server.mutate(using: &random) }
            version += 1
            guard tell(version) else { continue }
            events += 1
            if chance(0.1) { perform(machine.bookmark(resourceVersion: SimulatedServer.text(version)), []) }
        }
        isIdle = true
        endWatch(events: events)
    }

    /// The event of that version, if there is one.
    private mutating func tell(_ version: Int) -> Bool {
        guard let event = server.events[version] else { return false }
        let text = SimulatedServer.text(version)
        let eventKey = key(event.name, uid: event.object.uid)
        perform(machine.watchEvent(event.change, eventKey, resourceVersion: text), [(event.name, event.object)])
        return true
    }

    /// The initial events of a streaming list, from a cache that may lag. Some changes may come before their end.
    ///
    /// - Returns: the version that they are of; nil when it broke off.
    private mutating func stream(_ request: ReflectorStateMachine.WatchRequest, faults: Bool) -> Int? {
        let oldest = request.resourceVersion.isEmpty ? server.version : SimulatedServer.version(request.resourceVersion)
        guard let oldest else {
            violations.append("unknown version \(request.resourceVersion)")
            return nil
        }
        var version = Int.random(in: oldest...server.version, using: &random)
        for (name, object) in server.snapshots[version].sorted(by: { $0.key < $1.key }) {
            if faults, chance(0.05) {
                endWatch(events: 1)
                return nil
            }
            let text = SimulatedServer.text(object.version)
            perform(
                machine.watchEvent(.added, key(name, uid: object.uid), resourceVersion: text),
                [(name, object)]
            )
        }
        while version < server.version, chance(0.5) {
            version += 1
            _ = tell(version)
        }
        if faults, chance(0.1) {
            perform(chance(0.5) ? machine.watchSilent(now: now) : machine.initialEventsOverdue(), [])
            return nil
        }
        perform(machine.bookmark(resourceVersion: SimulatedServer.text(version), endsInitialEvents: true), [])
        if known != server.snapshots[version] { violations.append("after a stream at \(version): \(known)") }
        streams += 1
        return version
    }

    private mutating func endWatch(events: Int) {
        if chance(0.3) {
            return perform(machine.watchFailed(anyError(), now: now), [])
        }
        if chance(0.1) { return perform(machine.watchSilent(now: now), []) }
        let error = Bool.random(using: &random) ? KubernetesError(.transport, "lost") : nil
        let after = Duration.milliseconds(Int.random(in: 0..<3000, using: &random))
        perform(machine.watchEnded(error, after: after, events: events, now: now), [])
    }

    private mutating func perform(
        _ actions: ReflectorStateMachine.Actions,
        _ objects: [(name: String, object: SimulatedServer.Object)]
    ) {
        for emission in actions.emissions {
            switch emission {
            case .applied(let item):
                known[objects[item].name] = objects[item].object
            case .deleted(let key, _):
                if known[key.name]?.uid == key.uid {
                    known[key.name] = nil
                } else if known[key.name] != nil {
                    violations.append("\(key.name) deleted although another has its name")
                }
            case .synced: break
            case .failed: failing = true
            case .recovered:
                if !failing { violations.append("recovered from nothing") }
                failing = false
            case .listsInstead:
                if isRefused { violations.append("streams lists again") }
                isRefused = true
            }
        }
        next = actions.next
    }
}
