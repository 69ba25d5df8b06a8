/// Which object it is. One deleted and created again under the same name is another.
public struct ObjectKey: Sendable, Hashable, CustomStringConvertible {
    /// Empty for objects outside of namespaces.
    public let namespace: String
    public let name: String
    public let uid: String

    public init(namespace: String, name: String, uid: String) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
    }

    public var description: String {
        namespace.isEmpty ? name : "\(namespace)/\(name)"
    }
}
