public import ServiceLifecycle

/// An extension that says who may send to a receiver.
public protocol ServerAuthenticator: Service {
    /// Checks what a request brings along. Called on event loops: it must not block. Compares in constant time.
    ///
    /// - Parameter header: The first value of a header, whatever its case; nil when there is none.
    func authenticate(_ header: (_ name: String) -> String?) -> Authentication

    /// The value of `WWW-Authenticate` for those who are refused; nil for none.
    var challenge: String? { get }
}

/// What a server authenticator says about a request.
public enum Authentication: Sendable {
    case accepted
    /// In words that may be told to the sender (no secrets).
    case refused(AuthenticationError)
    /// It takes a while: to be called once, with what is to be called back once, on any thread. nil: accepted.
    case pending(@Sendable (_ completion: @escaping @Sendable (AuthenticationError?) -> Void) -> Void)
}

/// An extension that brings credentials to what an exporter sends.
public protocol ClientAuthenticator: Service {
    /// Headers for the next request: asked for each, since they may change. Must not block.
    func credentials() throws(AuthenticationError) -> [(name: String, value: String)]
}

/// Why there is no authentication. Never contains a secret.
public struct AuthenticationError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String
    /// The credentials were not looked at: the sender is to try again.
    public let isTemporary: Bool

    public init(_ description: String, isTemporary: Bool = false) {
        self.description = description
        self.isTemporary = isTemporary
    }
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
