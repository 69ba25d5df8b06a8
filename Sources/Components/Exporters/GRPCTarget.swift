import Collector
import NIOCore

/// The `endpoint` of a gRPC client: `host:port`, `http(s)://host:port`, `dns:///host:port`, each also with `[::1]`.
struct GRPCTarget: Sendable, Equatable {
    let host: String
    let port: Int
    /// What the scheme says about TLS; nil when it says nothing.
    let usesTLS: Bool?

    /// In place of one that cannot be read.
    static let none = GRPCTarget()

    private init() { (host, port, usesTLS) = ("", 0, nil) }

    /// - Returns: nil for anything else.
    init?(_ text: String) {
        var rest = Substring(text)
        var usesTLS: Bool?
        for (scheme, value) in [("http://", false), ("https://", true)] where rest.lowercased().hasPrefix(scheme) {
            rest = rest.dropFirst(scheme.count)
            usesTLS = value
            if rest.hasSuffix("/") { rest = rest.dropLast() }
            break
        }
        if usesTLS == nil, rest.hasPrefix("dns:") {
            rest = rest.dropFirst("dns:".count)
            // An authority would be a name server of its own, which is not supported.
            if rest.hasPrefix("///") { rest = rest.dropFirst(3) } else if rest.hasPrefix("/") { return nil }
        }
        guard let endpoint = Endpoint(String(rest)), endpoint.port > 0, rest.first != ":" else { return nil }
        host = endpoint.host
        port = endpoint.port
        self.usesTLS = usesTLS
    }

    /// Whether it is an IP address, and so no name that TLS could ask for.
    static func isAddress(_ host: String) -> Bool { (try? SocketAddress(ipAddress: host, port: 0)) != nil }
}
