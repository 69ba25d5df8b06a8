/// How to reach an API server, and as whom.
public struct ClusterAccess: Sendable, Equatable {
    /// Where a certificate or key comes from. All are PEM.
    public enum PEM: Sendable, Equatable {
        case file(String)
        case data([UInt8])
    }

    public struct TLS: Sendable, Equatable {
        /// Nil for the system's.
        public var certificateAuthority: PEM?
        /// The name to expect in the certificate; nil for the host of the URL.
        public var serverName: String?
        public var insecureSkipVerify = false
        public var clientCertificate: PEM?
        public var clientKey: PEM?

        public init() {}
    }

    public enum Credentials: Sendable, Equatable {
        /// None but, possibly, the client certificate.
        case none
        case token(String)
        /// The file is read again and again: its token is replaced before it runs out.
        case tokenFile(String)
        case basic(username: String, password: String)
        /// A program hands out a token, a client certificate, or both.
        case exec(ExecPlugin)
    }

    /// As whom else requests are made (`kubectl --as`). The user of the credentials needs the right to impersonate.
    public struct Impersonation: Sendable, Equatable {
        public var user: String
        public var uid: String?
        public var groups: [String] = []
        public var extra: [String: [String]] = [:]

        public init(user: String) {
            self.user = user
        }
    }

    /// Scheme, host and port, possibly a path; without a slash at the end.
    public var server: String
    public var tls = TLS()
    /// Nil for what the environment says.
    public var proxy: String?
    public var credentials = Credentials.none
    public var impersonation: Impersonation?
    /// The service account's own, or the context's.
    public var namespace: String?

    public init(server: String) {
        self.server = server
    }

    /// - Parameter key: names the setting in the error.
    static func checkedServer(_ url: String, _ source: String, key: String?) throws(KubernetesConfigError) -> String {
        guard let scheme = ["https://", "http://"].first(where: url.hasPrefix), url.count > scheme.count else {
            throw KubernetesConfigError(source, key: key, "'\(url)' is not an http:// or https:// URL")
        }
        return url.hasSuffix("/") ? String(url.dropLast()) : url
    }
}
