import CLibcurl

/// A URL, parsed by libcurl.
final class URLParts {
    let handle: OpaquePointer
    private let request: HTTPClientRequest

    init(_ request: HTTPClientRequest) throws(HTTPClientError) {
        // A string with a zero in it would end there for libcurl.
        guard !request.url.utf8.contains(where: { $0 <= 0x20 || $0 == 0x7F }) else {
            throw HTTPClientError(.invalidURL, request: request, reason: "a space or control character in the URL")
        }
        guard let handle = curl_url() else { throw HTTPClientError(.other, "libcurl: out of memory") }
        self.handle = handle
        self.request = request
        try set(CURLUPART_URL, request.url)
        guard scheme == "http" || scheme == "https" else {
            throw HTTPClientError(.invalidURL, request: request, reason: "the scheme is neither http nor https")
        }
    }

    deinit { curl_url_cleanup(handle) }

    var scheme: String { part(CURLUPART_SCHEME) }
    /// With brackets, if it is an IPv6 address.
    var host: String { part(CURLUPART_HOST) }
    var port: String { part(CURLUPART_PORT) }

    func setHost(_ host: String) throws(HTTPClientError) { try set(CURLUPART_HOST, host) }

    private func part(_ part: CURLUPart) -> String {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(handle, part, &text, UInt32(CURLU_DEFAULT_PORT)) == CURLUE_OK, let text else { return "" }
        defer { curl_free(text) }
        return String(cString: text)
    }

    private func set(_ part: CURLUPart, _ value: String) throws(HTTPClientError) {
        let code = curl_url_set(handle, part, value, 0)
        guard code == CURLUE_OK else {
            throw HTTPClientError(.invalidURL, request: request, reason: String(cString: curl_url_strerror(code)))
        }
    }
}
