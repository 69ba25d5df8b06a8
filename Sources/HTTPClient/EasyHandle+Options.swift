import CLibcurl

extension EasyHandle {
    /// Makes the handle ready for a transfer; most of the work is done only if the one before was different.
    func prepare(
        for transfer: Transfer,
        configuration: HTTPClientConfiguration,
        poller: Poller
    ) throws(HTTPClientError) {
        let timeout = transfer.request.timeout?.positiveMilliseconds ?? 0
        if settings?.fit(transfer) != true {
            settings = nil
            var settings = TransferSettings(transfer)
            settings.timeoutMilliseconds = timeout
            try setAll(transfer.request, settings, configuration, poller)
            self.settings = settings
        } else if settings?.timeoutMilliseconds != timeout {
            try set(CURLOPT_TIMEOUT_MS, timeout)
            settings?.timeoutMilliseconds = timeout
        }
    }

    /// libcurl reads from these bytes until the transfer has ended: they are the request's own, which the transfer
    /// holds, and an array's elements stay where they are while nobody changes it.
    func setBody(_ body: [UInt8]) throws(HTTPClientError) {
        // Without an address libcurl would ask a callback for the content.
        let address = body.withUnsafeBytes { $0.baseAddress } ?? UnsafeRawPointer(errorText)
        try check(steptrace_curl_set_offset(curl, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count)))
        try check(steptrace_curl_set_pointer(curl, CURLOPT_POSTFIELDS, address))
    }

    private func setAll(
        _ request: HTTPClientRequest,
        _ settings: TransferSettings,
        _ configuration: HTTPClientConfiguration,
        _ poller: Poller
    ) throws(HTTPClientError) {
        steptrace_curl_easy_reset(curl)
        try setCallbacks(poller)
        try set(CURLOPT_NOSIGNAL, 1)
        // Calling a transfer off does not wait for its name to be resolved.
        try set(CURLOPT_QUICK_EXIT, 1)
        try set(CURLOPT_PROTOCOLS_STR, "http,https")
        try set(CURLOPT_TCP_NODELAY, 1)
        try set(CURLOPT_TCP_KEEPALIVE, 1)
        try set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        // Allocated for each transfer. What is only asked for may be long, the answer to something sent is not.
        try set(CURLOPT_BUFFERSIZE, settings.sendsBody ? 16 << 10 : 64 << 10)
        try set(CURLOPT_CONNECTTIMEOUT_MS, configuration.connectTimeout.positiveMilliseconds)
        try set(CURLOPT_TIMEOUT_MS, settings.timeoutMilliseconds)
        let maxAge = Int(configuration.idleConnectionTimeout.components.seconds)
        try set(CURLOPT_MAXAGE_CONN, configuration.idleConnectionTimeout == .zero ? 2_000_000 : max(1, maxAge))
        try set(CURLOPT_HTTP_VERSION, configuration.httpVersion.curlValue(isStream: settings.isStream))
        if configuration.disableKeepAlives { try set(CURLOPT_FORBID_REUSE, 1) }
        if let proxy = configuration.proxy { try set(CURLOPT_PROXY, Self.curlProxy(proxy)) }
        if let userAgent = configuration.userAgent { try set(CURLOPT_USERAGENT, userAgent) }
        if request.acceptsCompression { try set(CURLOPT_ACCEPT_ENCODING, "gzip") }
        try setTLS(configuration.tls)
        try setMethod(request.method, sendsBody: settings.sendsBody)
        let headers = try setURL(request, serverName: configuration.tls.serverName)
        try setHeaders(
            headers,
            sendsBody: settings.sendsBody,
            isLarge: settings.isLarge,
            disableKeepAlives: configuration.disableKeepAlives
        )
    }

    private static func curlProxy(_ url: String) -> String {
        let scheme = "socks5://"
        return url.hasPrefix(scheme) ? "socks5h://" + url.dropFirst(scheme.count) : url
    }

    private func setCallbacks(_ poller: Poller) throws(HTTPClientError) {
        let own = UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
        try check(steptrace_curl_set_pointer(curl, CURLOPT_PRIVATE, own))
        try check(steptrace_curl_set_pointer(curl, CURLOPT_ERRORBUFFER, errorText))
        try check(steptrace_curl_set_data_callback(curl, CURLOPT_HEADERFUNCTION, Self.onHeader))
        try check(steptrace_curl_set_pointer(curl, CURLOPT_HEADERDATA, own))
        try check(steptrace_curl_set_data_callback(curl, CURLOPT_WRITEFUNCTION, Self.onBody))
        try check(steptrace_curl_set_pointer(curl, CURLOPT_WRITEDATA, own))

        let sockets = UnsafeRawPointer(Unmanaged.passUnretained(poller).toOpaque())
        try check(
            steptrace_curl_set_open_callback(curl) { context, _, address in
                guard let context else { return -1 }
                return Unmanaged<Poller>.fromOpaque(context).takeUnretainedValue().open(address)
            }
        )
        try check(steptrace_curl_set_pointer(curl, CURLOPT_OPENSOCKETDATA, sockets))
        try check(
            steptrace_curl_set_close_callback(curl) { context, socket in
                guard let context else { return 1 }
                Unmanaged<Poller>.fromOpaque(context).takeUnretainedValue().close(socket)
                return 0
            }
        )
        try check(steptrace_curl_set_pointer(curl, CURLOPT_CLOSESOCKETDATA, sockets))
    }

    private func setMethod(_ method: String, sendsBody: Bool) throws(HTTPClientError) {
        switch (method, sendsBody) {
        case ("HEAD", false): try set(CURLOPT_NOBODY, 1)
        case ("GET", false): try set(CURLOPT_HTTPGET, 1)
        case ("POST", _): try set(CURLOPT_POST, 1)
        default:
            guard method.isHTTPToken else { throw HTTPClientError(.other, "'\(method)' is not an HTTP method") }
            try set(sendsBody ? CURLOPT_POST : CURLOPT_HTTPGET, 1)
            try set(CURLOPT_CUSTOMREQUEST, method)
        }
    }

    /// The URL goes to libcurl in parts, which spares it the parsing at each use. Returns the headers to send.
    private func setURL(
        _ request: HTTPClientRequest,
        serverName: String?
    ) throws(HTTPClientError) -> [(name: String, value: String)] {
        let parsed = try URLParts(request)
        try check(steptrace_curl_set_pointer(curl, CURLOPT_CURLU, UnsafeRawPointer(parsed.handle)))
        urlParts = parsed
        guard let serverName, parsed.scheme == "https" else { return request.headers }

        // libcurl asks for, and verifies, the name in the URL. To have it ask for another, that goes into the URL, and
        // libcurl is told where it is to be found.
        let host = parsed.host
        let port = parsed.port
        try parsed.setHost(serverName)
        let list = curl_slist_append(nil, "::\(host):\(port)")
        try check(steptrace_curl_set_list(curl, CURLOPT_CONNECT_TO, list))
        curl_slist_free_all(connectList)
        connectList = list
        if request.headers.firstValue(of: "Host") != nil { return request.headers }
        return request.headers + [(name: "Host", value: port == "443" ? host : "\(host):\(port)")]
    }

    private func setHeaders(
        _ headers: [(name: String, value: String)],
        sendsBody: Bool,
        isLarge: Bool,
        disableKeepAlives: Bool
    ) throws(HTTPClientError) {
        var list: UnsafeMutablePointer<curl_slist>?
        do throws(HTTPClientError) {
            for (name, value) in headers {
                guard name.isHTTPToken, !value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
                    throw HTTPClientError(.other, "header '\(name)': a name or value that HTTP does not allow")
                }
                // A semicolon: a header without value, where a colon would take it out.
                try append(value.isEmpty ? "\(name);" : "\(name): \(value)", to: &list)
            }
            // Without a value: libcurl leaves out what it would add. Each byte of header costs it some 90 instructions.
            if headers.firstValue(of: "Accept") == nil { try append("Accept:", to: &list) }
            if sendsBody {
                if isLarge { try append("Expect:", to: &list) }
                if headers.firstValue(of: "Content-Type") == nil { try append("Content-Type:", to: &list) }
            }
            if disableKeepAlives { try append("Connection: close", to: &list) }
            try check(steptrace_curl_set_list(curl, CURLOPT_HTTPHEADER, list))
        } catch {
            curl_slist_free_all(list)
            throw error
        }
        // libcurl does not copy the list.
        curl_slist_free_all(headerList)
        headerList = list
    }

    private func append(_ line: String, to list: inout UnsafeMutablePointer<curl_slist>?) throws(HTTPClientError) {
        guard let longer = curl_slist_append(list, line) else { try check(CURLE_OUT_OF_MEMORY); return }
        list = longer
    }

    // MARK: - Setters

    func set(_ option: CURLoption, _ value: Int) throws(HTTPClientError) {
        try check(steptrace_curl_set_long(curl, option, value))
    }

    func set(_ option: CURLoption, _ value: String?) throws(HTTPClientError) {
        try check(steptrace_curl_set_string(curl, option, value))
    }

    func set(_ option: CURLoption, blob: [UInt8]) throws(HTTPClientError) {
        try check(steptrace_curl_set_blob(curl, option, blob, blob.count))
    }

    func check(_ code: CURLcode) throws(HTTPClientError) {
        guard code != CURLE_OK else { return }
        settings = nil
        throw HTTPClientError(.other, "libcurl: \(String(cString: curl_easy_strerror(code)))")
    }
}

extension HTTPClientConfiguration.HTTPVersion {
    fileprivate func curlValue(isStream: Bool) -> Int {
        switch self {
        case .automatic: isStream ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS
        case .http1: CURL_HTTP_VERSION_1_1
        case .http2PriorKnowledge: CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
        }
    }
}

extension String {
    /// RFC 9110, 5.6.2.
    fileprivate var isHTTPToken: Bool {
        !isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
