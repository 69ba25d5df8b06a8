internal import NIOCore
internal import Synchronization

/// The open connections of a server.
final class HTTPConnectionRegistry: Sendable {
    enum Mode {
        case open
        /// The server shuts down and takes nothing more.
        case draining
        /// The server shuts down, and refuses what comes.
        case refusing
    }

    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        /// Connections nobody waits for: what comes on them is refused.
        var refused: [ObjectIdentifier: any Channel] = [:]
        var mode = Mode.open
        var waiters: [CheckedContinuation<Void, Never>] = []
        /// Called with the next connection that closes.
        var onRemoval: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.channels.count } }

    var mode: Mode { state.withLock { $0.mode } }

    func add(_ channel: any Channel) {
        state.withLock { state in
            if state.mode == .refusing {
                state.refused[ObjectIdentifier(channel)] = channel
            } else {
                state.channels[ObjectIdentifier(channel)] = channel
            }
        }
        channel.closeFuture.whenComplete { _ in self.remove(channel) }
    }

    /// True: there is room for another connection. False: `callback` is called when there may be.
    func hasRoom(limit: Int, orCall callback: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            if state.channels.count + state.refused.count < limit { return true }
            state.onRemoval = callback
            return false
        }
    }

    private func remove(_ channel: any Channel) {
        let (callback, waiters) = state.withLock { state in
            state.channels[ObjectIdentifier(channel)] = nil
            state.refused[ObjectIdentifier(channel)] = nil
            defer {
                state.onRemoval = nil
                if state.channels.isEmpty { state.waiters = [] }
            }
            return (state.onRemoval, state.channels.isEmpty ? state.waiters : [])
        }
        callback?()
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
