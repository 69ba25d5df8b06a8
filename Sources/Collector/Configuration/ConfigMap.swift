/// Reads a map of the configuration key by key; what nobody has read at the end is an unknown key.
///
///     var map = try ConfigMap(node)
///     let endpoint = try map.string("endpoint", default: "localhost:4318")
///     var retry = try map.map("retry_on_failure")
///     let interval = try retry.duration("initial_interval", default: .seconds(5))
///     try retry.finish()
///     try map.finish()
public struct ConfigMap: Sendable {
    public let path: String
    public let position: String?
    private var entries: [(key: String, node: ConfigNode)]

    /// A map, or null for an empty one; anything else is an error.
    public init(_ node: ConfigNode) throws(ConfigError) {
        path = node.path
        position = node.position
        switch node.value {
        case .null: entries = []
        case .map(let entries): self.entries = entries
        default:
            throw ConfigError(path: node.path, position: node.position, message: "expected a map")
        }
    }

    /// Takes out the node of `key`; nil when it is absent.
    public mutating func take(_ key: String) -> ConfigNode? {
        guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
        return entries.remove(at: index).node
    }

    /// The keys that nobody has taken yet.
    public var remainingKeys: [String] { entries.map(\.key) }
}
