import CLibcurl
import Glibc
import Synchronization

/// An HTTP client on libcurl's multi interface, driven by one thread of its own.
///
/// Connections are kept and used again. Redirects are not followed. A request on a kept connection that turns out to be
/// closed is sent once more on a new one, whatever its method, provided that nothing of an answer had come.
public final class HTTPClient: Sendable {
    public typealias Configuration = HTTPClientConfiguration

    let inbox: Inbox
    private let thread: Mutex<pthread_t?>

    /// - Throws: when a file that the configuration names cannot be read, or the system has no resources left.
    public init(configuration: Configuration = Configuration()) throws(HTTPClientError) {
        guard Self.globalInitialization == CURLE_OK else {
            throw HTTPClientError(.other, "libcurl: \(String(cString: curl_easy_strerror(Self.globalInitialization)))")
        }
        try configuration.tls.check()
        inbox = try Inbox()
        let loop = try TransferLoop(configuration: configuration, inbox: inbox)
        thread = Mutex(try Self.startThread(loop))
    }

    deinit { shutdown() }

    /// Once in the process; safe from any thread.
    private static let globalInitialization = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    /// Sends a request. `completion` is called once, on the client's thread, and must not block; after `shutdown` at
    /// once, on this one.
    public func execute(
        _ request: HTTPClientRequest,
        completion: @escaping @Sendable (Result<HTTPClientResponse, HTTPClientError>) -> Void
    ) {
        start(Transfer(request: request, sink: .whole(completion)))
    }

    /// Sends a request and waits for its answer. Cancelling the task calls it off (`cancelled`).
    public func execute(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientResponse {
        let token = TransferToken()
        return try await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                start(Transfer(request: request, sink: .whole { waiter.resume(returning: $0) }, token: token))
            }
        } onCancel: {
            token.cancel()
            inbox.post(.cancel(token))
        }.get()
    }

    /// Sends a request and waits for the answer's headers, whatever the status. The request's `timeout` covers reading
    /// the body too; `maxResponseBytes` does not apply.
    public func stream(_ request: HTTPClientRequest) async throws(HTTPClientError) -> HTTPClientStream {
        let buffer = StreamBuffer()
        let token = TransferToken()
        let source = StreamSource(buffer: buffer, token: token, inbox: inbox)
        start(Transfer(request: request, sink: .stream(buffer), token: token))
        return HTTPClientStream(head: try await source.head(), source: source)
    }

    /// Ends what is under way (`cancelled`) and the thread, and closes the connections. Returns when that is done,
    /// unless it is called on the client's thread or for a second time.
    public func shutdown() {
        guard inbox.close(), let thread = thread.withLock({ $0.take() }) else { return }
        if pthread_equal(thread, pthread_self()) != 0 {
            pthread_detach(thread)
        } else {
            pthread_join(thread, nil)
        }
    }

    private func start(_ transfer: Transfer) {
        if !inbox.post(.start(transfer)) { transfer.fail(.shutDown(transfer.request)) }
    }

    /// The thread is the loop's only owner.
    private static func startThread(_ loop: TransferLoop) throws(HTTPClientError) -> pthread_t {
        // A new thread has its creator's mask: signals are for other threads, and SIGPIPE (from TLS) for none.
        // A thread's own faults stay, for the crash reporter.
        var signals = sigset_t()
        var before = sigset_t()
        sigfillset(&signals)
        for fault in [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT] { sigdelset(&signals, fault) }
        pthread_sigmask(SIG_SETMASK, &signals, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }

        var thread = pthread_t()
        let owned = Unmanaged.passRetained(loop)
        let code = pthread_create(
            &thread,
            nil,
            { context in
                guard let context else { return nil }
                steptrace_name_thread("http-client")
                Unmanaged<TransferLoop>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            owned.toOpaque()
        )
        guard code == 0 else {
            owned.release()
            throw HTTPClientError(.other, "pthread_create: \(String(cString: strerror(code)))")
        }
        return thread
    }
}

extension HTTPClientError {
    static func shutDown(_ request: HTTPClientRequest) -> HTTPClientError {
        HTTPClientError(.cancelled, request: request, reason: "the HTTP client has been shut down")
    }
}

extension HTTPClientConfiguration.TLS {
    /// libcurl would name an unreadable file only with the first request.
    fileprivate func check() throws(HTTPClientError) {
        for (file, pem, what) in [
            (caFile, caPEM, "CA"), (certificateFile, certificatePEM, "certificate"), (keyFile, keyPEM, "key"),
        ] {
            guard let file else { continue }
            guard pem == nil else { throw HTTPClientError(.tls, "TLS \(what): give a file or PEM text, not both") }
            guard access(file, R_OK) == 0 else {
                throw HTTPClientError(.tls, "TLS \(what) file \(file): \(String(cString: strerror(errno)))")
            }
        }
    }
}
