import CLibcurl

/// A libcurl easy handle and the transfer it carries at the moment. Kept for the next transfer with its options set,
/// which for the same URL and headers is then only given another body.
///
/// Only the loop's thread uses it. libcurl keeps its address: it must not be released while it carries a transfer.
final class EasyHandle {
    let curl: UnsafeMutableRawPointer
    /// What its options were set for; nil when they must be set anew.
    var settings: TransferSettings?
    /// What libcurl reads from as long as it is set.
    var urlParts: URLParts?
    var headerList: UnsafeMutablePointer<curl_slist>?
    var connectList: UnsafeMutablePointer<curl_slist>?
    /// libcurl writes the reason of a failure there.
    let errorText: UnsafeMutablePointer<CChar>

    private(set) var transfer: Transfer?
    /// Where it stands in the loop's list.
    var activeIndex = 0
    /// Longest silence allowed, in nanoseconds, and when something came last.
    private(set) var idleLimit: UInt64?
    private(set) var lastActivity: UInt64 = 0
    /// The reader of the stream is behind.
    private(set) var isPaused = false
    /// Why it was ended from our side, when libcurl says no more than that a callback wanted it so.
    private(set) var failure: HTTPClientError?

    private var headerBytes: [UInt8] = []
    private var isHeadComplete = false
    private var body: [UInt8] = []

    /// Of all headers of an answer together; libcurl limits only a single line.
    private static let maxHeaderBytes = 256 << 10

    init() throws(HTTPClientError) {
        guard let curl = steptrace_curl_easy_init() else { throw HTTPClientError(.other, "libcurl: out of memory") }
        self.curl = curl
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
    }

    deinit {
        steptrace_curl_easy_cleanup(curl)
        curl_slist_free_all(headerList)
        curl_slist_free_all(connectList)
        errorText.deallocate()
    }

    /// Options have been set; the body is. It is `transfer` that keeps the bytes libcurl reads from alive.
    func begin(_ transfer: Transfer) throws(HTTPClientError) {
        self.transfer = transfer
        errorText[0] = 0
        if let limit = transfer.request.idleTimeout {
            idleLimit = limit.nanoseconds
            lastActivity = MonotonicClock.now()
        }
        if settings?.sendsBody == true { try setBody(transfer.request.body) }
    }

    /// Takes transfer and answer out of the handle, which is then free for another.
    func end(_ code: CURLcode) -> Outcome? {
        guard let transfer else { return nil }
        defer { clear() }
        if let failure { return Outcome(transfer: transfer, result: .failure(failure)) }
        guard code == CURLE_OK else {
            let error = HTTPClientError(
                request: transfer.request,
                code: code,
                text: String(cString: errorText),
                osError: getLong(CURLINFO_OS_ERRNO)
            )
            return Outcome(transfer: transfer, result: .failure(error))
        }
        guard isHeadComplete else {
            // To libcurl, a connection that ends in the headers is the end of an answer without a body.
            let reason = "the connection ended in the headers of the answer"
            let error = HTTPClientError(.disconnected, request: transfer.request, reason: reason)
            return Outcome(transfer: transfer, result: .failure(error))
        }
        let response = HTTPClientResponse(status: status, fields: .raw(headerBytes), body: body)
        return Outcome(transfer: transfer, result: .success(response))
    }

    /// The same for a transfer that we end.
    func end(_ error: HTTPClientError) -> Outcome? {
        failure = failure ?? error
        return end(CURLE_OK)
    }

    private func clear() {
        transfer = nil
        idleLimit = nil
        failure = nil
        headerBytes = []
        isHeadComplete = false
        isPaused = false
        body = []
    }

    /// libcurl offers the bytes that were not taken once more, at once or in the loop's next round.
    func resume() {
        guard isPaused else { return }
        isPaused = false
        if idleLimit != nil { lastActivity = MonotonicClock.now() }
        steptrace_curl_easy_pause(curl, CURLPAUSE_CONT)
    }

    private var status: Int { getLong(CURLINFO_RESPONSE_CODE) }

    private func getLong(_ info: CURLINFO) -> Int {
        var value = 0
        steptrace_curl_get_long(curl, info, &value)
        return value
    }

    // MARK: - What comes in

    static let onHeader: steptrace_curl_data_callback = { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        let handle = Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
        return handle.receiveHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
    }

    static let onBody: steptrace_curl_data_callback = { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        let handle = Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
        return handle.receiveBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
    }

    /// One line, with its line end; the status line and the empty line are lines too. Anything but the count ends the
    /// transfer.
    private func receiveHeader(_ line: UnsafeRawBufferPointer) -> Int {
        if idleLimit != nil { lastActivity = MonotonicClock.now() }
        if isHeadComplete { return line.count }  // a trailer
        if line.starts(with: Self.statusLineStart) {
            // Once more after an interim answer (1xx).
            headerBytes.removeAll(keepingCapacity: true)
            headerBytes.reserveCapacity(256)
        }
        guard headerBytes.count + line.count <= Self.maxHeaderBytes else {
            return refuse(.other, "the answer's headers are longer than \(Self.maxHeaderBytes) bytes")
        }
        headerBytes.append(contentsOf: line)
        if line.count <= 2, case let status = self.status, status >= 200 || status == 101 {
            isHeadComplete = true
            if case .stream(let buffer) = transfer?.sink {
                buffer.receiveHead(StreamHead(status: status, headers: HeaderFields.raw(headerBytes).list))
            }
        }
        return line.count
    }

    private static let statusLineStart = Array("HTTP/".utf8)

    private func receiveBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        if idleLimit != nil { lastActivity = MonotonicClock.now() }
        guard let transfer else { return 0 }
        switch transfer.sink {
        case .whole:
            guard body.count + bytes.count <= transfer.request.maxResponseBytes else {
                let limit = transfer.request.maxResponseBytes
                return refuse(.responseTooLarge(status: status), "the answer is longer than \(limit) bytes")
            }
            body.append(contentsOf: bytes)
        case .stream(let buffer):
            isPaused = !buffer.receive(bytes)
            if isPaused { return Int(CURL_WRITEFUNC_PAUSE) }
        }
        return bytes.count
    }

    private func refuse(_ kind: HTTPClientError.Kind, _ reason: String) -> Int {
        failure = transfer.map { HTTPClientError(kind, request: $0.request, reason: reason) }
        return 0
    }
}

/// How a transfer went.
struct Outcome {
    let transfer: Transfer
    let result: Result<HTTPClientResponse, HTTPClientError>

    func deliver() {
        switch transfer.sink {
        case .whole(let completion):
            completion(result)
        case .stream(let buffer):
            switch result {
            case .success: buffer.finish(throwing: nil)
            case .failure(let error): buffer.finish(throwing: error)
            }
        }
    }
}
