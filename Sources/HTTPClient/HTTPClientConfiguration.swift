/// How a client connects. The same for all of its requests.
public struct HTTPClientConfiguration: Sendable {
    /// Certificates and keys. PEM blobs win over nothing: give a file or a blob, not both.
    ///
    /// Files are read again for every new connection, so that a rotated certificate is picked up.
    public struct TLS: Sendable {
        public enum Version: Sendable {
            case tls1_0
            case tls1_1
            case tls1_2
            case tls1_3
        }

        /// Accept any certificate. The connection is encrypted, but to whom is anybody's guess.
        public var insecureSkipVerify = false
        /// PEM certificates to trust. The system's are not trusted any more, unless `includeSystemCAs`.
        public var caFile: String?
        public var caPEM: [UInt8]?
        /// The directory of the system's certificates stays trusted beside `caFile` or `caPEM`.
        public var includeSystemCAs = false
        /// PEM client certificate (mTLS), with its chain.
        public var certificateFile: String?
        public var certificatePEM: [UInt8]?
        /// PEM key of the client certificate, not encrypted.
        public var keyFile: String?
        public var keyPEM: [UInt8]?
        /// The name to ask for (SNI) and to verify in the certificate instead of the URL's host.
        public var serverName: String?
        public var minimumVersion: Version = .tls1_2
        /// nil for the highest that the TLS library has.
        public var maximumVersion: Version?

        public init() {}
    }

    public enum HTTPVersion: Sendable {
        /// HTTP/1.1; on https, HTTP/2 where the server offers it (ALPN). Streams stay on HTTP/1.1: a paused one would
        /// hold up the others on its connection.
        case automatic
        case http1
        /// HTTP/2 on plain http too, without asking the server.
        case http2PriorKnowledge
    }

    public var tls = TLS()
    /// `http://`, `https://` or `socks5://` URL; names are resolved by a SOCKS proxy, as with Go's net/http. nil: libcurl's
    /// rules, which are those of the environment variables `http_proxy` (lower case only), `HTTPS_PROXY`, `ALL_PROXY` and
    /// `NO_PROXY`; mind that those catch loopback addresses too unless `NO_PROXY` names them. Empty: no proxy whatever the
    /// environment says.
    public var proxy: String?
    public var httpVersion: HTTPVersion = .automatic
    /// 0 for no limit. Requests above it wait for a connection; that is part of their `timeout`.
    public var maxConnectionsPerHost = 0
    /// Connections kept open without a request, over all hosts; 0 for no limit.
    public var maxIdleConnections = 100
    /// A connection that has been idle for longer is not used again; 0 for no limit.
    public var idleConnectionTimeout: Duration = .seconds(90)
    /// A connection for each request.
    public var disableKeepAlives = false
    /// For name resolution, TCP and TLS together.
    public var connectTimeout: Duration = .seconds(10)
    /// `User-Agent` of requests that have none; nil for no such header.
    public var userAgent: String? = "steptrace"

    public init() {}
}
