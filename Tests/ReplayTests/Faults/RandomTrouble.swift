import TestSupport

@testable import Replay

/// Draws troubles of an API server.
struct RandomTrouble {
    /// What it may cost a client at most. Measured: a third of that, or less.
    private(set) var requests = 20
    /// What has happened, for those who look for the reason.
    private(set) var log: [String] = []

    private static let effects: [APIFault.Effect] =
        APIFault.Effect.statuses + [
            .html, .table, .drop, .dropAfterHead, .cutOff, .cutOffInChunk, .truncate, .end, .hang, .unreadableObject,
            .unknownEvent, .repeatEvents, .pieces(1), .pieces(7), .pad(50 << 10),
        ]

    /// Something happens to the server, or will.
    mutating func strike(_ server: ReplayAPIServer, using random: inout SeededGenerator) async throws {
        switch Int.random(in: 0..<12, using: &random) {
        case 0..<6: plan(server, using: &random)
        case 6:
            let effect = random.pick(Self.effects)
            note("all watches: \(effect.name)", requests: 4)
            server.strikeWatches(with: effect)
        case 7:
            note("expiry", requests: 4)
            server.expire()
            if random.chance(0.7) { server.endWatches() }
        case 8:
            note("restart", requests: 6)
            try await server.restart()
        case 9:
            note("stopped and started", requests: 4)
            await server.stop()
            try await server.start()
        case 10:
            note("behind", requests: 4)
            server.holdCache()
            server.endWatches()
        default: change(server, using: &random)
        }
        if random.chance(0.3) { server.releaseCache() }
        if random.chance(0.3) { server.sendBookmarks() }
    }

    private mutating func plan(_ server: ReplayAPIServer, using random: inout SeededGenerator) {
        let place = random.pick([
            APIFault.Place.anything, .list, .page(1), .page(2), .discovery, .watch, .streamingList, .event(0),
            .event(1), .event(3), .initialEvent(0), .initialEvent(2), .initialEventsEnd,
        ])
        let fault = APIFault(random.pick(Self.effects), at: place, times: Int.random(in: 1...3, using: &random))
        note("\(fault.times ?? 0) times \(fault.effect.name) at \(place)", requests: 3 * (fault.times ?? 0) + 2)
        server.inject(fault)
        if random.chance(0.5) { server.endWatches() }
        if random.chance(0.2) { server.expire() }
    }

    private mutating func change(_ server: ReplayAPIServer, using random: inout SeededGenerator) {
        var traits = APIServerTraits()
        traits.streamingLists = random.pick([.supported, .disabled, .refused, .ignored, .endless])
        traits.bookmarks = random.pick([.never, .now, .always])
        traits.hasWatchCache = random.chance(0.5)
        note("\(traits)", requests: 4)
        server.traits = traits
    }

    private mutating func note(_ text: String, requests count: Int) {
        log.append(text)
        requests += count
    }

    /// Leaves the server's clients some time, or none, before the next thing happens.
    func settle(_ server: ReplayAPIServer, using random: inout SeededGenerator) async {
        let patience = random.pick([Duration.zero, .milliseconds(50), .milliseconds(600)])
        _ = await server.waitUntil(timeout: patience) { $0.pendingFaults.isEmpty && $0.watchCount > 0 }
    }

    /// How to have it again, and what it was.
    func context(seed: UInt64) -> String {
        "STEPTRACE_FAULT_SEED=\(seed) STEPTRACE_FAULT_SEQUENCES=1: \(log.joined(separator: "; "))"
    }

    /// All is well from now on.
    func end(_ server: ReplayAPIServer) {
        server.recover()
        server.releaseCache()
        server.traits = APIServerTraits()
    }
}
