public import NIOCore
internal import Synchronization

/// What a connection is at, for the choice of the one that goes when a server has no room for another. Written by the
/// connection, read by whoever accepts.
public final class ConnectionActivity: Sendable {
    /// In the order in which they go: first those that wait for a request, then those whose request is on its way, in
    /// each the one that has been so the longest. `served` never goes.
    private let value: Atomic<UInt64>

    private static let sending: UInt64 = 1 << 62
    static let served = UInt64.max

    /// A connection without a request, opened at `now`.
    public init(now: NIODeadline) { value = Atomic(now.uptimeNanoseconds) }

    /// Whether a rank is that of a connection whose request is on its way, or with the server.
    static func isSending(_ rank: UInt64) -> Bool { rank & sending != 0 }

    var rank: UInt64 { value.load(ordering: .relaxed) }

    /// The connection waits for a request, or for the rest of its headers, since `now`.
    public func waits(since now: NIODeadline) { value.store(now.uptimeNanoseconds, ordering: .relaxed) }

    /// A request is on its way since `now`.
    public func sends(since now: NIODeadline) {
        value.store(now.uptimeNanoseconds | Self.sending, ordering: .relaxed)
    }

    /// A request is with the server: it is the server's turn.
    public func isServed() { value.store(Self.served, ordering: .relaxed) }
}
