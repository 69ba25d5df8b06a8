import CLibcurl

/// libcurl asks for, and verifies, the name in the URL. To have it ask for another, the other name goes into the URL,
/// and libcurl is told where that is to be found.
struct ServerNameOverride {
    let url: String
    /// For CURLOPT_CONNECT_TO: any host and port, to these.
    let connectTo: String
    /// What the Host header would have been.
    let host: String

    /// nil if the URL is not https, or cannot be read: then libcurl says so.
    init?(url: String, serverName: String) throws(HTTPClientError) {
        guard let parsed = curl_url() else { throw HTTPClientError(.other, "libcurl: out of memory") }
        defer { curl_url_cleanup(parsed) }
        let get = { (part: CURLUPart, flags: CInt) -> String? in
            var text: UnsafeMutablePointer<CChar>?
            guard curl_url_get(parsed, part, &text, UInt32(flags)) == CURLUE_OK, let text else { return nil }
            defer { curl_free(text) }
            return String(cString: text)
        }
        guard curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK,
            get(CURLUPART_SCHEME, 0) == "https",
            let name = get(CURLUPART_HOST, 0),
            let port = get(CURLUPART_PORT, CURLU_DEFAULT_PORT)
        else { return nil }
        guard curl_url_set(parsed, CURLUPART_HOST, serverName, 0) == CURLUE_OK, let other = get(CURLUPART_URL, 0) else {
            throw HTTPClientError(.tls, "'\(serverName)' cannot be a server name")
        }
        self.url = other
        connectTo = "::\(name):\(port)"
        host = port == "443" ? name : "\(name):\(port)"
    }
}
