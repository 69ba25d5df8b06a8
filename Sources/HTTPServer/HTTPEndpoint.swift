/// Where a server listens: a host name or address, and a TCP port.
public struct HTTPEndpoint: Sendable, Hashable, CustomStringConvertible {
    /// Without the brackets of an IPv6 address. Empty or `0.0.0.0`: every address of the machine, IPv6 and IPv4, as in Go
    /// (net/ipsock_posix.go, favoriteAddrFamily).
    public var host: String
    /// 0: a free port chosen by the system.
    public var port: Int

    var isWildcard: Bool { host.isEmpty || host == "0.0.0.0" }

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port`, `:port` or `[address]:port`.
    public init(parsing text: String) throws(HTTPEndpointError) {
        guard let colon = text.lastIndex(of: ":") else {
            throw HTTPEndpointError(text: text, reason: "missing port in address")
        }
        var host = text[..<colon]
        if host.hasPrefix("[") {
            guard host.hasSuffix("]") else {
                throw HTTPEndpointError(text: text, reason: "missing ']' in address")
            }
            host = host.dropFirst().dropLast()
            guard host.contains(":") else {
                throw HTTPEndpointError(text: text, reason: "only an IPv6 address stands in brackets")
            }
        } else if host.contains(":") {
            throw HTTPEndpointError(text: text, reason: "too many colons in address; write an IPv6 address in brackets")
        }
        if host.contains(where: { $0 == "[" || $0 == "]" || $0 == "/" || $0.isWhitespace }) {
            throw HTTPEndpointError(text: text, reason: "invalid host")
        }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let port = UInt16(digits) else {
            throw HTTPEndpointError(text: text, reason: "invalid port '\(digits)'; give a number from 0 to 65535")
        }
        self.init(host: String(host), port: Int(port))
    }

    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

/// Text that is no endpoint.
public struct HTTPEndpointError: Error, Equatable, CustomStringConvertible {
    public let text: String
    public let reason: String

    public var description: String { "endpoint '\(text)': \(reason)" }
}
