import CEpoll
import Glibc

/// Level-triggered epoll.
public struct Poller {
    public struct Event {
        public let socket: Int32
        /// Data, the end of the stream, or an error.
        public let isReadable: Bool
        public let isWritable: Bool
    }

    private let descriptor: Int32
    private var events = [epoll_event](repeating: epoll_event(), count: 64)

    public init() throws(BenchmarkError) {
        descriptor = epoll_create1(0)
        guard descriptor >= 0 else { throw Socket.failure("epoll_create1") }
    }

    public func add(_ socket: Int32) throws(BenchmarkError) {
        try control(EPOLL_CTL_ADD, socket, writable: false)
    }

    /// Whether the socket is also waited on to become writable.
    public func set(_ socket: Int32, writable: Bool) throws(BenchmarkError) {
        try control(EPOLL_CTL_MOD, socket, writable: writable)
    }

    private func control(_ operation: Int32, _ socket: Int32, writable: Bool) throws(BenchmarkError) {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | (writable ? EPOLLOUT.rawValue : 0)
        event.data.fd = socket
        guard epoll_ctl(descriptor, operation, socket, &event) == 0 else { throw Socket.failure("epoll_ctl") }
    }

    /// Waits until some sockets are ready, and tells which.
    public mutating func wait() throws(BenchmarkError) -> [Event] {
        let count = events.withUnsafeMutableBufferPointer {
            epoll_wait(descriptor, $0.baseAddress, Int32($0.count), -1)
        }
        guard count >= 0 || errno == EINTR else { throw Socket.failure("epoll_wait") }
        var ready: [Event] = []
        ready.reserveCapacity(Int(max(count, 0)))
        for index in 0..<Int(max(count, 0)) {
            let flags = events[index].events
            let isReadable = flags & ~EPOLLOUT.rawValue != 0
            let isWritable = flags & EPOLLOUT.rawValue != 0
            ready.append(Event(socket: events[index].data.fd, isReadable: isReadable, isWritable: isWritable))
        }
        return ready
    }
}
