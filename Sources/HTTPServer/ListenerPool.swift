internal import NIOCore
internal import Synchronization

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The listening sockets of the process, by endpoint, so that a port stays open while one server replaces another.
///
/// A server takes a listener and listens on a duplicate of its socket. Another one of the same owner gets the same
/// socket, and for a moment both accept. The socket is closed when nobody has it any more; during a change of the
/// configuration, at its end.
public final class ListenerPool: Sendable {
    public static let shared = ListenerPool()

    private struct Entry {
        var descriptor: CInt
        var owner: String
        var users: Int
    }

    private struct State {
        var entries: [HTTPEndpoint: Entry] = [:]
        var changes = 0
    }

    private let state = Mutex(State())

    public init() {}

    /// True between `beginChange` and `endChange`: whoever is told to stop now is replaced or removed, and the process
    /// goes on.
    public var isChanging: Bool { state.withLock { $0.changes > 0 } }

    /// Sockets that lose their last server stay open until `endChange`: connections wait in the system's backlog.
    public func beginChange() { state.withLock { $0.changes += 1 } }

    /// Closes the sockets that have no server.
    public func endChange() {
        let unused = state.withLock { state in
            state.changes -= 1
            guard state.changes == 0 else { return [CInt]() }
            let unused = state.entries.filter { $0.value.users == 0 }
            for endpoint in unused.keys { state.entries[endpoint] = nil }
            return unused.values.map(\.descriptor)
        }
        for descriptor in unused { _ = close(descriptor) }
    }

    /// A bound socket, not yet listening if it is new. Resolves the host's name: may block.
    ///
    /// - Parameter owner: who may have the same socket at the same time, such as `receiver:otlp`. For another owner the
    ///   address is in use.
    public func listener(on endpoint: HTTPEndpoint, owner: String) throws(HTTPServerError) -> Listener {
        // Each is another port.
        guard endpoint.port != 0 else {
            return Listener(descriptor: try Self.bind(endpoint), endpoint: endpoint, pool: nil)
        }
        let result = state.withLock { state -> Result<CInt, HTTPServerError> in
            do throws(HTTPServerError) {
                if let entry = state.entries[endpoint] {
                    guard entry.owner == owner || entry.users == 0 else {
                        throw HTTPServerError(endpoint: endpoint, reason: "bind: address already in use")
                    }
                    state.entries[endpoint]?.owner = owner
                } else {
                    state.entries[endpoint] = Entry(descriptor: try Self.bind(endpoint), owner: owner, users: 0)
                }
                state.entries[endpoint]?.users += 1
                return .success(state.entries[endpoint]?.descriptor ?? -1)
            } catch {
                return .failure(error)
            }
        }
        return Listener(descriptor: try result.get(), endpoint: endpoint, pool: self)
    }

    fileprivate func release(_ endpoint: HTTPEndpoint) {
        let unused = state.withLock { state -> CInt? in
            guard let entry = state.entries[endpoint] else { return nil }
            state.entries[endpoint]?.users -= 1
            guard entry.users == 1, state.changes == 0 else { return nil }
            state.entries[endpoint] = nil
            return entry.descriptor
        }
        if let unused { _ = close(unused) }
    }

    private static func bind(_ endpoint: HTTPEndpoint) throws(HTTPServerError) -> CInt {
        do {
            guard endpoint.host.isEmpty else {
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
    private let pool: ListenerPool?
    private let isReleased = Atomic(false)

    fileprivate init(descriptor: CInt, endpoint: HTTPEndpoint, pool: ListenerPool?) {
        self.descriptor = descriptor
        self.endpoint = endpoint
        self.pool = pool
    }

    /// A descriptor of the same socket, which the caller has to close. For `ServerBootstrap.withBoundSocket`.
    public func duplicate() throws(HTTPServerError) -> CInt {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw HTTPServerError(endpoint: endpoint, reason: "too many open files") }
        return copy
    }

    /// The server does without it. Does nothing when called again.
    public func release() {
        guard !isReleased.exchange(true, ordering: .relaxed) else { return }
        if let pool { pool.release(endpoint) } else { _ = close(descriptor) }
    }

    deinit { release() }
}
