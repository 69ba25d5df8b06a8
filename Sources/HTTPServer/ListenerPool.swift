public import NIOCore
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The listening sockets of the process, by endpoint, so that a port stays open while one server replaces another.
///
/// A server takes a listener and listens on a duplicate of its socket. The server that replaces it gets the same socket,
/// accepts from then on what comes, and may give it back to the one before. The socket is closed when nobody has it any
/// more. Connections that nobody accepts for a moment wait in the system's backlog.
///
/// Only one of them accepts at a time: when another one is quicker, SwiftNIO is woken for nothing, which it does not expect
/// (an assertion fails).
public final class ListenerPool: Sendable {
    public static let shared = ListenerPool()

    private struct Owner {
        let number: Int
        let name: String
        let isLeaving: @Sendable () -> Bool
        /// Listens on a duplicate of the socket.
        var channel: (any Channel)?
    }

    private struct Entry {
        let descriptor: CInt
        /// The last one that has a channel accepts.
        var owners: [Owner] = []
    }

    private struct State {
        var entries: [HTTPEndpoint: Entry] = [:]
        var count = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// A bound socket, not yet listening if it is new. Resolves the host's name: may block.
    ///
    /// - Parameters:
    ///   - owner: such as `receiver:otlp`: two with this name are one after the other, and may have the same socket for a
    ///     while. For another owner the address is in use.
    ///   - isLeaving: whether the owner is about to give up its socket, so that another one may have it already.
    public func listener(
        on endpoint: HTTPEndpoint,
        owner: String,
        isLeaving: @escaping @Sendable () -> Bool = { false }
    ) throws(HTTPServerError) -> Listener {
        // Each is another port.
        guard endpoint.port != 0 else {
            let descriptor = try Self.bind(endpoint)
            return Listener(descriptor: descriptor, endpoint: endpoint) { _ in
            } giveBack: {
                _ = close(descriptor)
            }
        }
        let result = state.withLock { state -> Result<(CInt, Int), HTTPServerError> in
            do throws(HTTPServerError) {
                var entry: Entry
                if let known = state.entries[endpoint] {
                    entry = known
                    guard entry.owners.allSatisfy({ $0.name == owner || $0.isLeaving() }) else {
                        throw HTTPServerError(endpoint: endpoint, reason: "bind: address already in use")
                    }
                } else {
                    entry = Entry(descriptor: try Self.bind(endpoint))
                }
                state.count += 1
                entry.owners.append(Owner(number: state.count, name: owner, isLeaving: isLeaving))
                state.entries[endpoint] = entry
                return .success((entry.descriptor, state.count))
            } catch {
                return .failure(error)
            }
        }
        let (descriptor, number) = try result.get()
        return Listener(descriptor: descriptor, endpoint: endpoint) { channel in
            await self.accept(endpoint, number, channel)
        } giveBack: {
            self.release(endpoint, number)
        }
    }

    private func accept(_ endpoint: HTTPEndpoint, _ number: Int, _ channel: any Channel) async {
        let others = state.withLock { state -> [any Channel] in
            guard let index = state.entries[endpoint]?.owners.firstIndex(where: { $0.number == number }) else {
                return []
            }
            state.entries[endpoint]?.owners[index].channel = channel
            return state.entries[endpoint]?.owners[..<index].compactMap(\.channel) ?? []
        }
        for other in others { try? await other.setOption(.autoRead, value: false).get() }
    }

    private func release(_ endpoint: HTTPEndpoint, _ number: Int) {
        let (unused, next) = state.withLock { state -> (CInt?, (any Channel)?) in
            state.entries[endpoint]?.owners.removeAll { $0.number == number }
            guard let entry = state.entries[endpoint] else { return (nil, nil) }
            guard entry.owners.isEmpty else { return (nil, entry.owners.last { $0.channel != nil }?.channel) }
            state.entries[endpoint] = nil
            return (entry.descriptor, nil)
        }
        if let unused { _ = close(unused) }
        // Which accepts again, or goes on.
        if let next { next.setOption(.autoRead, value: true).whenComplete { _ in } }
    }

    private static func bind(_ endpoint: HTTPEndpoint) throws(HTTPServerError) -> CInt {
        do {
            guard endpoint.isWildcard else {
                return try bind(SocketAddress.makeAddressResolvingHost(endpoint.host, port: endpoint.port))
            }
            // The IPv6 wildcard takes IPv4 as well, but IPv6 can be switched off.
            do {
                return try bind(SocketAddress(ipAddress: "::", port: endpoint.port))
            } catch let error as IOError where [EAFNOSUPPORT, EADDRNOTAVAIL].contains(error.errnoCode) {
                return try bind(SocketAddress(ipAddress: "0.0.0.0", port: endpoint.port))
            }
        } catch {
            throw HTTPServerError(endpoint: endpoint, binding: error)
        }
    }

    private static func bind(_ address: SocketAddress) throws -> CInt {
        let descriptor = socket(
            address.protocol == .inet6 ? AF_INET6 : AF_INET,
            CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue),
            0
        )
        guard descriptor >= 0 else { throw IOError(errnoCode: errno, reason: "socket") }
        var on: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<CInt>.size))
        // As Go does it: the wildcard takes IPv4 as well, whatever net.ipv6.bindv6only says.
        var off: CInt = 0
        if address.protocol == .inet6 {
            setsockopt(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, &off, socklen_t(MemoryLayout<CInt>.size))
        }
        guard address.withSockAddr({ Glibc.bind(descriptor, $0, socklen_t($1)) }) == 0 else {
            let error = IOError(errnoCode: errno, reason: "bind")
            _ = close(descriptor)
            throw error
        }
        return descriptor
    }
}

/// A bound socket, for as long as a server has it.
public final class Listener: Sendable {
    private let descriptor: CInt
    private let endpoint: HTTPEndpoint
    private let takeOver: @Sendable (any Channel) async -> Void
    private let giveBack: @Sendable () -> Void
    private let isReleased = Atomic(false)

    fileprivate init(
        descriptor: CInt,
        endpoint: HTTPEndpoint,
        takeOver: @escaping @Sendable (any Channel) async -> Void,
        giveBack: @escaping @Sendable () -> Void
    ) {
        self.descriptor = descriptor
        self.endpoint = endpoint
        self.takeOver = takeOver
        self.giveBack = giveBack
    }

    /// A descriptor of the same socket, which the caller has to close. For `ServerBootstrap.withBoundSocket`.
    public func duplicate() throws(HTTPServerError) -> CInt {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw HTTPServerError(endpoint: endpoint, reason: "too many open files") }
        return copy
    }

    /// Makes `channel` the one that accepts connections: it listens on a duplicate of the socket, and has been made with
    /// `autoRead` off.
    public func accept(on channel: any Channel) async throws {
        await takeOver(channel)
        try await channel.setOption(.autoRead, value: true).get()
    }

    /// The server does without it, and its channel is closed. Does nothing when called again.
    public func release() {
        guard !isReleased.exchange(true, ordering: .relaxed) else { return }
        giveBack()
    }

    deinit { release() }
}
