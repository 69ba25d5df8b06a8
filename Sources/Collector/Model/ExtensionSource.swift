public import ServiceLifecycle

/// The extensions of a service, for components that need one: an authenticator, a storage.
///
/// Extensions are created before all other components.
public protocol ExtensionSource: Sendable {
    /// The extension itself; nil when `service::extensions` does not have it.
    func `extension`(_ id: ComponentID) -> (any Service)?
}

/// No extensions at all.
public struct NoExtensions: ExtensionSource {
    public init() {}

    public func `extension`(_ id: ComponentID) -> (any Service)? { nil }
}
