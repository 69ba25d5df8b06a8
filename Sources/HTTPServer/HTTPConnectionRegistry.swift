internal import NIOCore
internal import Synchronization

/// The open connections of a server.
final class HTTPConnectionRegistry: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var isDraining = false
        var waiters: [CheckedContinuation<Void, Never>] = []
        /// Called with the next connection that closes.
        var onRemoval: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var count: Int { state.withLock { $0.channels.count } }

    var isDraining: Bool { state.withLock { $0.isDraining } }

    func add(_ channel: any Channel) {
        state.withLock { $0.channels[ObjectIdentifier(channel)] = channel }
        channel.closeFuture.whenComplete { _ in self.remove(channel) }
    }

    /// True: there is room for another connection. False: `callback` is called when there may be.
    func hasRoom(limit: Int, orCall callback: @escaping @Sendable () -> Void) -> Bool {
        state.withLock { state in
            if state.channels.count < limit { return true }
            state.onRemoval = callback
            return false
        }
    }

    private func remove(_ channel: any Channel) {
        let (callback, waiters) = state.withLock { state in
            state.channels[ObjectIdentifier(channel)] = nil
            defer {
                state.onRemoval = nil
                if state.channels.isEmpty { state.waiters = [] }
            }
            return (state.onRemoval, state.channels.isEmpty ? state.waiters : [])
        }
        callback?()
        for waiter in waiters { waiter.resume() }
    }

    /// Tells every connection to end with the request it is at.
    func drain() {
        let channels = state.withLock { state in
            state.isDraining = true
            return Array(state.channels.values)
        }
        for channel in channels {
            channel.pipeline.fireUserInboundEventTriggered(HTTPConnectionHandler.Event.drain)
        }
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
