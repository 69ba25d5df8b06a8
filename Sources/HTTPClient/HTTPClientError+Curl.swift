import CLibcurl
import Glibc

extension HTTPClientError {
    /// `Post "http://backend:4318/v1/traces": reason`
    init(_ kind: Kind, request: HTTPClientRequest, reason: String) {
        let verb = request.method.prefix(1) + request.method.dropFirst().lowercased()
        // What is asked for stands in the query of a GET; where something is sent, a key may.
        let url = request.method == "GET" ? request.url.redactingUser : request.url.redactingCredentials
        self.init(kind, "\(verb) \"\(url)\": \(reason)")
    }

    init(systemCall: String) {
        self.init(.other, "\(systemCall): \(String(cString: strerror(errno)))")
    }

    /// A transfer that libcurl ended.
    init(request: HTTPClientRequest, code: CURLcode, text: String, osError: Int) {
        var reason = text.isEmpty ? String(cString: curl_easy_strerror(code)) : text
        if code == CURLE_COULDNT_CONNECT, osError != 0 {
            // libcurl: "Failed to connect to HOST port N after 3 ms: Couldn't connect to server". The system knows why.
            let end = reason.range(of: " after ") ?? reason.endIndex
            reason = "\(reason[..<end]): \(String(cString: strerror(CInt(truncatingIfNeeded: osError))))"
        }
        self.init(Kind(code), request: request, reason: reason)
    }
}

extension HTTPClientError.Kind {
    fileprivate init(_ code: CURLcode) {
        self =
            switch code {
            // Not CURLE_UNSUPPORTED_PROTOCOL: the scheme has been looked at before, it is the code for an answer that is no HTTP.
            case CURLE_URL_MALFORMAT: .invalidURL
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT, CURLE_PROXY: .connect
            case CURLE_OPERATION_TIMEDOUT: .timeout
            case CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2,
                CURLE_HTTP2_STREAM:
                .disconnected
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER,
                CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_NOTFOUND,
                CURLE_SSL_ENGINE_SETFAILED, CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CLIENTCERT,
                CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_SHUTDOWN_FAILED, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
                .tls
            default: .other
            }
    }
}

extension String {
    /// Without what may be secret in a URL: the user and password before its host, and its query.
    public var redactingCredentials: String {
        let url = redactingUser
        guard let query = url.firstIndex(where: { "?#".contains($0) }) else { return url }
        return "\(url[..<query])?redacted"
    }

    /// Without the user and password that a URL may hold before its host.
    var redactingUser: String {
        guard let scheme = range(of: "://") else { return self }
        let start = index(scheme, offsetBy: 3)
        let end = self[start...].firstIndex { "/?#".contains($0) } ?? endIndex
        guard let at = self[start..<end].lastIndex(of: "@") else { return self }
        return "\(self[..<start])redacted\(self[at...])"
    }

    /// Where the part begins.
    fileprivate func range(of part: String) -> Index? {
        indices.first { self[$0...].hasPrefix(part) }
    }
}
