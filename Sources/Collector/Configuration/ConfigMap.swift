/// Reads a map of the configuration key by key; what nobody has read at the end is an unknown key.
///
///     var map = try ConfigMap(node)
///     let endpoint = try map.endpoint("endpoint", default: "localhost:4318")
///     var retry = try map.map("retry_on_failure")
///     let interval = try retry.duration("initial_interval", default: .seconds(5))
///     try retry.finish()
///     try map.finish()
///
/// A key whose value is null (`timeout:`) has its default, as in the Collector.
public struct ConfigMap: Sendable {
    public let path: String
    public let position: String?
    private var entries: [(key: String, node: ConfigNode)]
    /// Every key that was asked for, whether it was there or not: what may be written here.
    private var known: [String] = []

    /// A map, or null for an empty one; anything else is an error.
    public init(_ node: ConfigNode) throws(ConfigError) {
        switch node.value {
        case .null: self.init(path: node.path, position: node.keyPosition ?? node.position)
        case .map(let entries):
            self.init(path: node.path, position: node.keyPosition ?? node.position, entries: entries)
        default: throw node.expected("a map")
        }
    }

    /// A map that is not written in the configuration, or nothing but its entries is known.
    public init(path: String, position: String?, entries: [(key: String, node: ConfigNode)] = []) {
        self.path = path
        self.position = position
        self.entries = entries
    }

    /// Takes out the node of `key`; nil when it is absent.
    public mutating func take(_ key: String) -> ConfigNode? {
        known.append(key)
        guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
        return entries.remove(at: index).node
    }

    /// Takes out the node of `key`; nil when it is absent or null.
    public mutating func takeValue(_ key: String) -> ConfigNode? {
        guard let node = take(key), node.value != .null else { return nil }
        return node
    }

    /// Takes out everything that is left, in the order of the file: for maps with keys of the user's own.
    public mutating func takeAll() -> [(key: String, node: ConfigNode)] {
        defer { entries = [] }
        return entries
    }

    /// The keys that nobody has taken yet.
    public var remainingKeys: [String] { entries.map(\.key) }

    /// An error about this map.
    public func error(_ message: String) -> ConfigError {
        ConfigError(path: path, position: position, message: message)
    }

    /// Throws when a key is left that nobody has taken, with the nearest known key.
    public func finish() throws(ConfigError) {
        guard let first = entries.first else { return }
        let keys = entries.map { entry in
            Spelling.nearest(to: entry.key, in: known).map { "\(entry.key) (did you mean \"\($0)\"?)" } ?? entry.key
        }
        throw ConfigError(
            path: path,
            position: first.node.keyPosition ?? first.node.position,
            message: "has invalid keys: \(keys.joined(separator: ", "))"
        )
    }

    /// The map below `key`; an empty one when it is absent or null.
    public mutating func map(_ key: String) throws(ConfigError) -> ConfigMap {
        try optionalMap(key) ?? ConfigMap(path: ConfigNode.path(path, key), position: position)
    }

    /// The map below `key`, an empty one for null; nil when it is absent.
    public mutating func optionalMap(_ key: String) throws(ConfigError) -> ConfigMap? {
        guard let node = take(key) else { return nil }
        return try ConfigMap(node)
    }
}
