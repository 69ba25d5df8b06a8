import CLibcurl
import Glibc

/// The sockets libcurl wants watched, in epoll.
///
/// On a kept-alive connection libcurl takes its socket back after each answer and gives it again for the next request.
/// Sockets it has opened through us stay registered meanwhile, so that a request costs no call of epoll_ctl. Only the
/// loop's thread uses it.
final class Poller {
    private struct Socket {
        /// What libcurl wants to hear of, and what the kernel has been told.
        var wanted: UInt32 = 0
        var registered: UInt32 = 0
        /// Opened through `open`, so closed through `close`: we know when its number stops meaning it.
        var isOurs = false
    }

    private let descriptor: CInt
    private let wakeDescriptor: CInt
    /// By descriptor, which are small numbers.
    private var sockets: [Socket] = []
    private let events: UnsafeMutableBufferPointer<epoll_event>
    private static let maxEvents = 64

    init(wakeDescriptor: CInt) throws(HTTPClientError) {
        descriptor = epoll_create1(CInt(EPOLL_CLOEXEC))
        guard descriptor >= 0 else { throw HTTPClientError(systemCall: "epoll_create1") }
        self.wakeDescriptor = wakeDescriptor
        events = .allocate(capacity: Self.maxEvents)
        events.initialize(repeating: epoll_event())
        guard control(EPOLL_CTL_ADD, wakeDescriptor, EPOLLIN.rawValue | EPOLLET.rawValue) == 0 else {
            throw HTTPClientError(systemCall: "epoll_ctl")
        }
    }

    deinit {
        Glibc.close(descriptor)
        events.deallocate()
    }

    /// Waits for events, at most so many milliseconds (-1: for ever). Returns how many `event(at:)` there are.
    func wait(milliseconds: CInt) -> Int {
        Int(max(0, epoll_wait(descriptor, events.baseAddress, CInt(Self.maxEvents), milliseconds)))
    }

    /// The socket and libcurl's CURL_CSELECT bits of an event; nil if it is nothing for libcurl.
    func event(at index: Int) -> (socket: CInt, bits: CInt)? {
        let event = events[index]
        let socket = event.data.fd
        guard socket != wakeDescriptor, Int(socket) < sockets.count else { return nil }
        guard sockets[Int(socket)].wanted != 0 else {
            // Between two requests: the server has closed. libcurl finds out when it wants the connection again.
            unregister(socket)
            return nil
        }
        var bits: CInt = 0
        if event.events & EPOLLIN.rawValue != 0 { bits |= CURL_CSELECT_IN }
        if event.events & EPOLLOUT.rawValue != 0 { bits |= CURL_CSELECT_OUT }
        if event.events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { bits |= CURL_CSELECT_ERR }
        return (socket, bits)
    }

    /// libcurl's wish for a socket: one of CURL_POLL_IN, OUT, INOUT, REMOVE.
    func update(_ socket: CInt, what: CInt) {
        reserve(socket)
        let wanted: UInt32 =
            switch what {
            case CURL_POLL_IN: EPOLLIN.rawValue
            case CURL_POLL_OUT: EPOLLOUT.rawValue
            case CURL_POLL_INOUT: EPOLLIN.rawValue | EPOLLOUT.rawValue
            default: 0
            }
        sockets[Int(socket)].wanted = wanted
        let known = sockets[Int(socket)]
        if wanted == 0 {
            if !known.isOurs { unregister(socket) }
        } else if known.registered != wanted || !known.isOurs {
            register(socket, wanted)
        }
    }

    func open(_ address: UnsafeMutablePointer<curl_sockaddr>?) -> CInt {
        let socket = steptrace_curl_open_socket(address)
        guard socket >= 0 else { return socket }
        reserve(socket)
        sockets[Int(socket)] = Socket(isOurs: true)
        return socket
    }

    func close(_ socket: CInt) {
        if Int(socket) < sockets.count { sockets[Int(socket)] = Socket() }
        // Takes it out of epoll too: nobody else has a descriptor of it.
        Glibc.close(socket)
    }

    private func register(_ socket: CInt, _ mask: UInt32) {
        let isKnown = sockets[Int(socket)].registered != 0
        if control(isKnown ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, mask) != 0 {
            // Its number had another meaning before.
            if errno == ENOENT {
                _ = control(EPOLL_CTL_ADD, socket, mask)
            } else if errno == EEXIST {
                _ = control(EPOLL_CTL_MOD, socket, mask)
            }
        }
        sockets[Int(socket)].registered = mask
    }

    private func unregister(_ socket: CInt) {
        _ = control(EPOLL_CTL_DEL, socket, 0)
        sockets[Int(socket)].registered = 0
    }

    private func control(_ operation: CInt, _ socket: CInt, _ mask: UInt32) -> CInt {
        var event = epoll_event(events: mask, data: epoll_data_t(fd: socket))
        return epoll_ctl(descriptor, operation, socket, &event)
    }

    private func reserve(_ socket: CInt) {
        while sockets.count <= Int(socket) { sockets.append(Socket()) }
    }
}
