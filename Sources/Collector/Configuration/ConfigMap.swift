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
///
/// A component's map does not throw what is wrong with a value: the error is kept, the value is taken as absent, and all
/// errors are told when everything is read. Only what a component throws itself (``error(_:)``) ends its reading.
public struct ConfigMap: Sendable {
    public let path: String
    public let position: String?
    private var entries: [(key: String, node: ConfigNode)]
    /// Every key that was asked for, whether it was there or not: what may be written here.
    private var known: [String] = []
    /// Takes the errors of this map and of those below it; without it they are thrown.
    private let errors: ConfigErrorList?

    /// A map, or null for an empty one; anything else is an error. Throws what is wrong with its values.
    public init(_ node: ConfigNode) throws(ConfigError) { try self.init(node, errors: nil) }

    init(_ node: ConfigNode, errors: ConfigErrorList?) throws(ConfigError) {
        let position = node.keyPosition ?? node.position
        switch node.value {
        case .null: self.init(path: node.path, position: position, errors: errors)
        case .map(let entries): self.init(path: node.path, position: position, entries: entries, errors: errors)
        default: throw node.expected("a map")
        }
    }

    private init(
        path: String,
        position: String?,
        entries: [(key: String, node: ConfigNode)] = [],
        errors: ConfigErrorList?
    ) {
        self.path = path
        self.position = position
        self.entries = entries
        self.errors = errors
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

    /// Says that values which are right by themselves do not go together. Reading goes on.
    public func report(_ message: String) throws(ConfigError) {
        guard let errors else { throw error(message) }
        errors.addCheck(error(message))
    }

    /// Says what is wrong with a value. Reading goes on.
    public func report(_ error: ConfigError) throws(ConfigError) {
        guard let errors else { throw error }
        errors.addUnreadable(error)
    }

    /// Says which keys are left that nobody has taken, with the nearest known key.
    public func finish() throws(ConfigError) { try finish(entries, known: known) }

    /// Says which keys are left that look like one of `keys`. For a map whose reading has ended too early.
    func finish(lookingFor keys: [String]) throws(ConfigError) {
        let misspelt = entries.filter { !keys.contains($0.key) && Spelling.nearest(to: $0.key, in: keys) != nil }
        try finish(misspelt, known: keys)
    }

    private func finish(_ entries: [(key: String, node: ConfigNode)], known: [String]) throws(ConfigError) {
        guard let first = entries.first else { return }
        let keys = entries.map { entry in
            Spelling.nearest(to: entry.key, in: known).map { "\(entry.key) (did you mean \"\($0)\"?)" } ?? entry.key
        }
        let error = ConfigError(
            path: path,
            position: first.node.keyPosition ?? first.node.position,
            message: "has invalid keys: \(keys.joined(separator: ", "))"
        )
        guard let errors else { throw error }
        errors.add(error)
    }

    /// The map below `key`; an empty one when it is absent or null.
    public mutating func map(_ key: String) throws(ConfigError) -> ConfigMap {
        try optionalMap(key) ?? ConfigMap(path: ConfigNode.path(path, key), position: position, errors: errors)
    }

    /// The map below `key`, an empty one for null; nil when it is absent.
    public mutating func optionalMap(_ key: String) throws(ConfigError) -> ConfigMap? {
        guard let node = take(key) else { return nil }
        return try reading(otherwise: nil) { () throws(ConfigError) in try ConfigMap(node, errors: errors) }
    }

    /// What `body` reads. An error of it is kept, and the value is `fallback`; without a list of errors it is thrown.
    func reading<Value>(
        otherwise fallback: Value,
        _ body: () throws(ConfigError) -> Value
    ) throws(ConfigError) -> Value {
        do {
            return try body()
        } catch {
            guard let errors else { throw error }
            errors.addUnreadable(error)
            return fallback
        }
    }
}
