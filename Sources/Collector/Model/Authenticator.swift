public import ServiceLifecycle

/// An extension that says who may send to a receiver.
public protocol ServerAuthenticator: Service {
    /// Checks what a request brings along. Called on event loops: it must not block. Compares in constant time.
    ///
    /// - Parameter header: The first value of a header, whatever its case; nil when there is none.
    /// - Throws: why the request is refused, in words that may be told to the sender (no secrets).
    func authenticate(_ header: (_ name: String) -> String?) throws(AuthenticationError)

    /// The value of `WWW-Authenticate` for those who are refused; nil for none.
    var challenge: String? { get }
}

/// An extension that brings credentials to what an exporter sends.
public protocol ClientAuthenticator: Service {
    /// Headers for the next request: asked for each, since they may change. Must not block.
    func credentials() throws(AuthenticationError) -> [(name: String, value: String)]
}

/// Why there is no authentication. Never contains a secret.
public struct AuthenticationError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

extension ComponentContext {
    /// The authenticator that `auth::authenticator` of a server names (the Collector's configauth).
    public func serverAuthenticator(_ id: ComponentID) throws(AuthenticationError) -> any ServerAuthenticator {
        guard let found = extensions.extension(id) else { throw .notFound(id) }
        guard let authenticator = found as? any ServerAuthenticator else {
            throw AuthenticationError("requested authenticator \"\(id)\" is not a server authenticator")
        }
        return authenticator
    }

    /// The authenticator that `auth::authenticator` of a client names.
    public func clientAuthenticator(_ id: ComponentID) throws(AuthenticationError) -> any ClientAuthenticator {
        guard let found = extensions.extension(id) else { throw .notFound(id) }
        guard let authenticator = found as? any ClientAuthenticator else {
            throw AuthenticationError("requested authenticator \"\(id)\" is not a client authenticator")
        }
        return authenticator
    }
}

extension AuthenticationError {
    fileprivate static func notFound(_ id: ComponentID) -> AuthenticationError {
        AuthenticationError(
            "failed to resolve authenticator \"\(id)\": authenticator not found (is it in service::extensions?)"
        )
    }
}
