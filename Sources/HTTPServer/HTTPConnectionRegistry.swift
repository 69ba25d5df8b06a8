internal import Logging
internal import NIOCore
internal import Synchronization

/// The open connections of a server.
final class HTTPConnectionRegistry: Sendable {
    enum Mode {
        case open
        /// The server shuts down and takes nothing more.
        case draining
        /// The server is replaced, and takes one more request on each connection.
        case retiring
        /// The server shuts down, and refuses what comes.
        case refusing
    }

    private struct State {
        /// Whose requests are to be answered before the server ends.
        var channels: [ObjectIdentifier: any Channel] = [:]
        /// Connections nobody waits for: what comes on them is refused.
        var refused: [ObjectIdentifier: any Channel] = [:]
        /// All of them.
        var table: ConnectionTable<ObjectIdentifier>
        var mode = Mode.open
        var waiters: [CheckedContinuation<Void, Never>] = []
        var lastWarning: NIODeadline?
        /// Connections closed for others since the last warning.
        var displaced = 0

        /// Takes a warning that is due.
        mutating func warning(_ now: NIODeadline) -> Int? {
            displaced += 1
            if let lastWarning, now - lastWarning < .minutes(1) { return nil }
            lastWarning = now
            defer { displaced = 0 }
            return displaced
        }
    }

    private let state: Mutex<State>
    private let logger: Logger?

    init(limit: Int, logger: Logger? = nil) {
        state = Mutex(State(table: ConnectionTable(limit: limit)))
        self.logger = logger
    }

    var count: Int { state.withLock { $0.channels.count } }

    var mode: Mode { state.withLock { $0.mode } }

    /// Takes an accepted connection; when there are as many as allowed, another one is closed for it. False: there is
    /// no room.
    func add(_ channel: any Channel, now: NIODeadline) -> Bool {
        let id = ObjectIdentifier(channel)
        let (isAdmitted, leaving, warning) = state.withLock { state -> (Bool, (any Channel)?, Int?) in
            var leaving: (any Channel)?
            var warning: Int?
            switch state.table.admit(id, ConnectionActivity(now: now)) {
            case .admitted: break
            case .inPlaceOf(let id):
                leaving = state.channels[id] ?? state.refused[id]
                warning = state.warning(now)
            case .refused: return (false, nil, nil)
            }
            if state.mode == .refusing { state.refused[id] = channel } else { state.channels[id] = channel }
            return (true, leaving, warning)
        }
        guard isAdmitted else { return false }
        leaving?.close(promise: nil)
        if let warning {
            logger?.warning(
                "There are as many connections as allowed: those idle the longest are closed for others",
                metadata: ["limit": "\(limit)", "closed": "\(warning)"]
            )
        }
        channel.closeFuture.whenComplete { _ in self.remove(channel) }
        return true
    }

    private var limit: Int { state.withLock { $0.table.limit } }

    /// Whether another connection would be taken.
    func hasRoom() -> Bool { state.withLock { $0.table.hasRoom() } }

    /// What a connection is to tell about itself; nil for one that is not here any more.
    func activity(of channel: any Channel) -> ConnectionActivity? {
        state.withLock { $0.table[ObjectIdentifier(channel)] }
    }

    private func remove(_ channel: any Channel) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.channels[ObjectIdentifier(channel)] = nil
            state.refused[ObjectIdentifier(channel)] = nil
            state.table.remove(ObjectIdentifier(channel))
            guard state.channels.isEmpty else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Nobody waits for this connection any more.
    func setAside(_ channel: any Channel) {
        let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard let channel = state.channels.removeValue(forKey: ObjectIdentifier(channel)) else { return [] }
            state.refused[ObjectIdentifier(channel)] = channel
            guard state.channels.isEmpty else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Tells every connection to end with the request it is at.
    func drain() { enter(.draining, .drain) }

    /// Tells every connection to end with the next response.
    func retire() { enter(.retiring, .retire) }

    /// Tells every connection to answer the request it is at, and to refuse further ones.
    func refuse() { enter(.refusing, .refuse) }

    private func enter(_ mode: Mode, _ event: HTTPConnectionHandler.Event) {
        let channels = state.withLock { state in
            state.mode = mode
            return Array(state.channels.values)
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(event) }
    }

    func closeAll() {
        let channels = state.withLock { Array($0.channels.values) }
        for channel in channels { channel.close(promise: nil) }
    }

    /// Returns when no connection is open.
    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLock { state in
                if !state.channels.isEmpty { state.waiters.append(continuation) }
                return state.channels.isEmpty
            }
            if isEmpty { continuation.resume() }
        }
    }
}
