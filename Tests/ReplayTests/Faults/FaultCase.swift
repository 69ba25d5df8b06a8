import Testing

@testable import Replay

/// One fault, and what it may cost.
struct FaultCase: Sendable, CustomTestStringConvertible {
    /// What brings a client to the place of the fault.
    enum Provocation: Sendable {
        /// Its watch ends, and its version is too old by then.
        case expiry
        /// Its watch ends.
        case end
    }

    /// What a client has to do about the fault.
    enum Remedy: Sendable {
        /// Nothing but to go on.
        case none
        /// Another watch from where it was.
        case watch
        /// All objects anew.
        case list
    }

    let effect: APIFault.Effect
    let place: APIFault.Place
    var times = 1
    let provocation: Provocation
    let remedy: Remedy
    /// Of a client that asks for streaming lists.
    var streams = false

    var fault: APIFault { APIFault(effect, at: place, of: .pods, times: times) }

    /// Nothing tells the client but that nothing is told.
    var isSilent: Bool { effect == .hang }

    /// Lists beyond those that the fault itself makes necessary: one that asks for pages of a state that is gone, and those
    /// that a client gives up because it, or the machine, is slow.
    var surplus: Int { isSilent ? 2 : place == .page(2) ? 1 : 0 }

    var isOfStreamingList: Bool {
        switch place {
        case .streamingList, .initialEvent, .initialEventsEnd: true
        default: false
        }
    }

    var traits: APIServerTraits {
        var traits = APIServerTraits()
        if case .page(let page) = place, page > 1 { traits.hasWatchCache = false }
        return traits
    }

    var testDescription: String { "\(effect.name) at \(place)" + (times > 1 ? ", \(times) times" : "") }

    static let all = lists + watches + events + streamingLists

    /// Each effect once in a list, a watch and a streaming list.
    static let samples = all.filter { fault in
        guard fault.times == 1, !fault.isSilent else { return false }
        return switch (fault.place, fault.effect) {
        case (.page(1), .pad), (.page(1), .pieces): false
        case (.page(1), _), (.event(2), _), (.initialEvent(3), _), (.watch, .repeatEvents): true
        default: false
        }
    }

    private static let broken: [APIFault.Effect] = [
        .html, .table, .drop, .dropAfterHead, .cutOff, .cutOffInChunk, .truncate, .end, .hang,
    ]

    private static let lists: [FaultCase] = {
        let effects = APIFault.Effect.statuses + broken
        var cases: [FaultCase] = []
        for page in [1, 2] {
            cases += effects.map { FaultCase(effect: $0, place: .page(page), provocation: .expiry, remedy: .list) }
            cases += [.unreadableObject, .pieces(1), .pad(300 << 10)].map {
                FaultCase(effect: $0, place: .page(page), provocation: .expiry, remedy: .none)
            }
        }
        cases += APIFault.Effect.statuses.map {
            FaultCase(effect: $0, place: .list, times: 5, provocation: .expiry, remedy: .list)
        }
        return cases
    }()

    private static let watches: [FaultCase] = {
        var cases: [FaultCase] = []
        for times in [1, 5] {
            cases += (APIFault.Effect.statuses + broken).map {
                FaultCase(effect: $0, place: .watch, times: times, provocation: .end, remedy: $0.remedyInWatch)
            }
        }
        cases += [.repeatEvents, .pieces(1), .pad(2 << 20), .unreadableObject, .unknownEvent].map {
            FaultCase(effect: $0, place: .watch, provocation: .end, remedy: .none)
        }
        // Longer than a line may be.
        cases.append(FaultCase(effect: .pad(9 << 20), place: .watch, provocation: .end, remedy: .list))
        return cases
    }()

    private static let events: [FaultCase] = {
        let effects = APIFault.Effect.statuses + [.html, .table, .drop, .cutOff, .truncate, .end, .hang]
        var cases: [FaultCase] = []
        for count in [0, 2] {
            cases += effects.map {
                FaultCase(
                    effect: $0,
                    place: .event(count),
                    provocation: .end,
                    remedy: $0.remedyInWatch,
                    streams: true
                )
            }
            cases += [.unreadableObject, .unknownEvent].map {
                FaultCase(effect: $0, place: .event(count), provocation: .end, remedy: .none, streams: true)
            }
        }
        cases.append(
            FaultCase(effect: .end, place: .event(1), times: 5, provocation: .end, remedy: .watch, streams: true)
        )
        return cases
    }()

    private static let streamingLists: [FaultCase] = {
        let within = APIFault.Effect.statuses + [.html, .drop, .cutOff, .truncate, .end, .hang]
        var effects: [(APIFault.Place, [APIFault.Effect])] = [(.streamingList, APIFault.Effect.statuses + broken)]
        for place in [APIFault.Place.initialEvent(0), .initialEvent(3), .initialEventsEnd] {
            effects.append((place, within))
        }
        return effects.flatMap { place, effects in
            effects.map {
                FaultCase(effect: $0, place: place, provocation: .expiry, remedy: .list, streams: true)
            }
        }
    }()
}

extension APIFault.Effect {
    static let statuses = [
        APIStatus.unauthorized, .forbidden, .unknownResource, .expired, .resourceVersionTooLarge, .tooManyRequests,
        .tooManyRequestsForLong, .tooManyRequestsForUnknownTime, .internalError, .serviceUnavailable, .timeout,
    ].map(Self.status)

    var name: String {
        switch self {
        case .status(let status):
            "\(status.code) \(status.reason)" + (status.retryAfter.map { " for \($0) s" } ?? "")
        case .answer(let contentType, let body): "\(contentType) of \(body.utf8.count) bytes"
        default: "\(self)"
        }
    }

    /// At the start of a watch, or in its middle.
    fileprivate var remedyInWatch: FaultCase.Remedy {
        switch self {
        case .status(.resourceVersionTooLarge): .list
        case .status(let status): status.code == 429 || status.code >= 500 ? .watch : .list
        case .answer: .list
        default: .watch
        }
    }
}

extension APIStatus {
    fileprivate static let tooManyRequestsForLong = APIStatus(
        code: 429,
        reason: "TooManyRequests",
        message: "storage is (re)initializing",
        retryAfter: 20
    )

    fileprivate static let tooManyRequestsForUnknownTime = APIStatus(
        code: 429,
        reason: "TooManyRequests",
        message: "Too many requests, please try again later."
    )
}
