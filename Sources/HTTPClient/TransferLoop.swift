import CLibcurl

/// Runs transfers on libcurl's multi interface. Everything here happens on one thread, from `run` to its return.
final class TransferLoop {
    private let configuration: HTTPClientConfiguration
    private let inbox: Inbox
    private let poller: Poller
    private let multi: UnsafeMutableRawPointer
    private var active: [EasyHandle] = []
    private var spare: [EasyHandle] = []
    private var commands: [Command] = []
    /// When libcurl wants to be called without an event, and when the first transfer may have been silent too long.
    private var timerDue: UInt64?
    private var idleCheckDue: UInt64?

    /// Handles without a transfer, some 10 KB each.
    private static let maxSpare = 32

    init(configuration: HTTPClientConfiguration, inbox: Inbox) throws(HTTPClientError) {
        self.configuration = configuration
        self.inbox = inbox
        poller = try Poller(wakeDescriptor: inbox.wakeDescriptor)
        guard let multi = steptrace_curl_multi_init() else { throw HTTPClientError(.other, "libcurl: out of memory") }
        self.multi = multi
        let maxIdle = configuration.maxIdleConnections > 0 ? configuration.maxIdleConnections : Int(Int32.max)
        steptrace_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, maxIdle)
        steptrace_curl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, max(0, configuration.maxConnectionsPerHost))
        setCallbacks()
    }

    /// The easy handles are gone by then; this closes the connections.
    deinit { steptrace_curl_multi_cleanup(multi) }

    private func setCallbacks() {
        steptrace_curl_multi_set_callbacks(
            multi,
            { _, socket, what, context, _ in
                guard let context else { return -1 }
                Unmanaged<TransferLoop>.fromOpaque(context).takeUnretainedValue().poller.update(socket, what: what)
                return 0
            },
            { _, milliseconds, context in
                guard let context else { return -1 }
                Unmanaged<TransferLoop>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds)
                return 0
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }

    /// Returns when the inbox has been closed; whatever is not done by then is cancelled.
    func run() {
        while !inbox.take(into: &commands) {
            for command in commands { perform(command) }
            commands.removeAll(keepingCapacity: true)
            runTimers()
            deliverFinished()

            let count = poller.wait(milliseconds: inbox.beginSleep() ? timeToNextDeadline() : 0)
            inbox.endSleep()
            for index in 0..<count {
                guard let (socket, bits) = poller.event(at: index) else { continue }
                steptrace_curl_multi_action(multi, socket, bits)
            }
            deliverFinished()
        }
        cancelAll()
    }

    private func perform(_ command: Command) {
        switch command {
        case .start(let transfer):
            start(transfer)
        case .cancel(let token):
            guard let handle = handle(of: token), let transfer = handle.transfer else { break }
            end(handle, HTTPClientError(.cancelled, request: transfer.request, reason: "cancelled"))
        case .resume(let token):
            guard let handle = handle(of: token) else { break }
            handle.resume()
        }
    }

    /// Rarely asked, among few.
    private func handle(of token: TransferToken) -> EasyHandle? {
        active.first { $0.transfer?.token === token }
    }

    private func start(_ transfer: Transfer) {
        guard transfer.token?.isCancelled != true else {
            transfer.fail(HTTPClientError(.cancelled, request: transfer.request, reason: "cancelled"))
            return
        }
        do throws(HTTPClientError) {
            let handle = try takeHandle(for: transfer)
            try handle.prepare(for: transfer, configuration: configuration, poller: poller)
            try handle.begin(transfer)
            handle.activeIndex = active.count
            active.append(handle)
            let code = steptrace_curl_multi_add(multi, handle.curl)
            if code != CURLM_OK {
                let reason = "libcurl: \(String(cString: curl_multi_strerror(code)))"
                end(handle, HTTPClientError(.other, request: transfer.request, reason: reason))
            } else if let limit = handle.idleLimit {
                idleCheckDue = min(idleCheckDue ?? .max, handle.lastActivity + limit)
            }
        } catch {
            transfer.fail(error)
        }
    }

    /// One that was last used for the same, else a new one, else the one unused for longest.
    private func takeHandle(for transfer: Transfer) throws(HTTPClientError) -> EasyHandle {
        if let index = spare.lastIndex(where: { $0.settings?.fit(transfer) == true }) {
            return spare.remove(at: index)
        }
        return spare.count < Self.maxSpare ? try EasyHandle() : spare.removeFirst()
    }

    private func end(_ handle: EasyHandle, _ error: HTTPClientError) {
        release(handle)
        handle.end(error)?.deliver()
    }

    /// Out of libcurl's hands and ours. libcurl does not call it back after this.
    private func release(_ handle: EasyHandle) {
        steptrace_curl_multi_remove(multi, handle.curl)
        let last = active.removeLast()
        if last !== handle {
            active[handle.activeIndex] = last
            last.activeIndex = handle.activeIndex
        }
        if spare.count < Self.maxSpare { spare.append(handle) }
    }

    private func deliverFinished() {
        var code = CURLE_OK
        while let curl = steptrace_curl_multi_next_done(multi, &code) {
            var own: UnsafeMutableRawPointer?
            steptrace_curl_get_pointer(curl, CURLINFO_PRIVATE, &own)
            guard let own else { continue }
            let handle = Unmanaged<EasyHandle>.fromOpaque(own).takeUnretainedValue()
            release(handle)
            handle.end(code)?.deliver()
        }
    }

    private func cancelAll() {
        for case .start(let transfer) in commands {
            transfer.fail(.shutDown(transfer.request))
        }
        commands = []
        while let handle = active.last, let transfer = handle.transfer {
            end(handle, .shutDown(transfer.request))
        }
        spare = []
    }

    // MARK: - Time

    private func setTimer(_ milliseconds: Int) {
        timerDue =
            switch milliseconds {
            case ..<0: nil
            case 0: 0
            default: MonotonicClock.now() + UInt64(milliseconds) * 1_000_000
            }
    }

    private func runTimers() {
        if let due = timerDue, due == 0 || due <= MonotonicClock.now() {
            timerDue = nil
            steptrace_curl_multi_action(multi, CURL_SOCKET_BAD, 0)
        }
        if let due = idleCheckDue, due <= MonotonicClock.now() { endSilent() }
    }

    private func endSilent() {
        let now = MonotonicClock.now()
        idleCheckDue = nil
        for handle in active {
            guard let limit = handle.idleLimit, let transfer = handle.transfer else { continue }
            if handle.isPaused || handle.lastActivity + limit > now {
                // Of a paused transfer it is the reader who is silent; look again later.
                let due = handle.isPaused ? now + limit : handle.lastActivity + limit
                idleCheckDue = min(idleCheckDue ?? .max, due)
            } else {
                let reason = "nothing came for \(transfer.request.idleTimeout ?? .zero)"
                end(handle, HTTPClientError(.timeout, request: transfer.request, reason: reason))
            }
        }
    }

    /// In milliseconds, rounded up; -1 for none.
    private func timeToNextDeadline() -> CInt {
        let due = min(timerDue ?? .max, idleCheckDue ?? .max)
        if due == .max { return -1 }
        if due == 0 { return 0 }
        let now = MonotonicClock.now()
        return due <= now ? 0 : CInt(clamping: (due - now + 999_999) / 1_000_000)
    }
}
