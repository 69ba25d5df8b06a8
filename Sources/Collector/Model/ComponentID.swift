/// `type` or `type/name`, as components are called in the configuration.
public struct ComponentID: Hashable, Sendable, CustomStringConvertible {
    public let type: String
    public let name: String

    public init(type: String, name: String = "") {
        self.type = type
        self.name = name
    }

    public var description: String { name.isEmpty ? type : "\(type)/\(name)" }
}
