internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// A server that could not listen. Its text names the endpoint and the reason, as in
/// `listen tcp 127.0.0.1:4318: bind: address already in use`.
public struct HTTPServerError: Error, Equatable, CustomStringConvertible {
    public let endpoint: HTTPEndpoint
    public let reason: String

    public var description: String { "listen tcp \(endpoint): \(reason)" }

    /// Whether somebody else has the address.
    public var isAddressInUse: Bool { reason == "bind: address already in use" }

    init(endpoint: HTTPEndpoint, reason: String) {
        self.endpoint = endpoint
        self.reason = reason
    }

    public init(endpoint: HTTPEndpoint, binding error: any Error) {
        self.endpoint = endpoint
        self.reason =
            switch error {
            case let error as IOError: "bind: \(Self.text(ofErrno: error.errnoCode))"
            case is SocketAddressError.UnknownHost: "lookup \(endpoint.host): no such host"
            default: "bind: \(error)"
            }
    }

    private static func text(ofErrno code: CInt) -> String {
        // As glibc and Go have it, whatever the C library.
        if code == EADDRINUSE { return "address already in use" }
        guard let text = strerror(code) else { return "errno \(code)" }
        return String(cString: text).lowercased()
    }
}
