/// A value of the configuration and where it stands, so that an error can name its path and line.
public struct ConfigNode: Sendable, Equatable {
    public indirect enum Value: Sendable, Equatable {
        case null
        case bool(Bool)
        case int(Int)
        case double(Double)
        case string(String)
        case list([ConfigNode])
        /// In the order of the file.
        case map([(key: String, node: ConfigNode)])

        public static func == (lhs: Value, rhs: Value) -> Bool {
            switch (lhs, rhs) {
            case (.null, .null): true
            case (.bool(let left), .bool(let right)): left == right
            case (.int(let left), .int(let right)): left == right
            case (.double(let left), .double(let right)): left == right
            case (.string(let left), .string(let right)): left == right
            case (.list(let left), .list(let right)): left == right
            case (.map(let left), .map(let right)):
                left.count == right.count && zip(left, right).allSatisfy { $0.key == $1.key && $0.node == $1.node }
            default: false
            }
        }
    }

    public var value: Value
    /// The text of a scalar as it was written ("0123" stays "0123" where a string is wanted), and of whatever a reference
    /// stands for.
    public var text: String?
    /// Keys joined with `::`.
    public var path: String
    /// `file:line:column` of the value.
    public var position: String?
    /// `file:line:column` of the key, for a value of a map.
    public var keyPosition: String?

    public init(
        _ value: Value,
        text: String? = nil,
        path: String = "",
        position: String? = nil,
        keyPosition: String? = nil
    ) {
        self.value = value
        self.text = text
        self.path = path
        self.position = position
        self.keyPosition = keyPosition
    }

    /// The path of `key` below `path`.
    static func path(_ path: String, _ key: String) -> String {
        path.isEmpty ? key : "\(path)::\(key)"
    }

    /// What stands here, for a message: `"abc"`, `5`, `a list`, `a map`, `nothing`.
    var summary: String {
        switch value {
        case .null: "nothing"
        case .bool, .int, .double: text ?? "a number"
        case .string(let string): "\"\(string)\""
        case .list: "a list"
        case .map: "a map"
        }
    }

    /// An error about this value.
    public func error(_ message: String) -> ConfigError {
        ConfigError(path: path, position: position ?? keyPosition, message: message)
    }

    /// An error that says what should stand here, and what does.
    func expected(_ what: String) -> ConfigError { error("expected \(what), got \(summary)") }
}

/// The values of nodes, read with what was expected in the error.
extension ConfigNode {
    /// A scalar as it was written, or whatever a reference (`${env:NAME}`) stands for; null is the empty string.
    public func string() throws(ConfigError) -> String {
        switch value {
        case .null: return ""
        case .string(let string): return string
        case .bool, .int, .double: return text ?? summary
        case .list, .map:
            // A password from a variable may look like YAML.
            guard let text else { throw expected("a string") }
            return text
        }
    }

    public func bool() throws(ConfigError) -> Bool {
        guard case .bool(let bool) = value else { throw expected("true or false") }
        return bool
    }

    public func int(in range: ClosedRange<Int>) throws(ConfigError) -> Int {
        guard case .int(let int) = value else { throw expected("a whole number") }
        guard range.contains(int) else {
            if range.upperBound == .max { throw error("must be at least \(range.lowerBound), got \(int)") }
            if range.lowerBound == .min { throw error("must be at most \(range.upperBound), got \(int)") }
            throw error("must be between \(range.lowerBound) and \(range.upperBound), got \(int)")
        }
        return int
    }

    public func double(in range: ClosedRange<Double>) throws(ConfigError) -> Double {
        let double: Double
        switch value {
        case .int(let int): double = Double(int)
        case .double(let value) where !value.isNaN: double = value
        default: throw expected("a number")
        }
        guard range.contains(double) else {
            if range.upperBound == .infinity { throw error("must be at least \(range.lowerBound), got \(text ?? "")") }
            throw error("must be between \(range.lowerBound) and \(range.upperBound), got \(text ?? "")")
        }
        return double
    }

    /// A duration in Go's syntax: `300ms`, `1.5h`, `1m30s`, `0`.
    public func duration(in range: ClosedRange<Duration>) throws(ConfigError) -> Duration {
        let duration: Duration?
        switch value {
        case .string(let string): duration = GoDuration.parse(string)
        case .int(0): duration = .zero
        default: duration = nil
        }
        guard let duration else { throw expected("a duration such as 300ms, 5s or 1m30s") }
        guard range.contains(duration) else {
            let (low, high) = (GoDuration.format(range.lowerBound), GoDuration.format(range.upperBound))
            if range.upperBound == .nanoseconds(Int64.max) { throw error("must be at least \(low), got \(summary)") }
            throw error("must be between \(low) and \(high), got \(summary)")
        }
        return duration
    }

    /// The elements of a list of scalars. A string is one too, with commas between them, as in the Collector (confmap's
    /// StringToSliceHookFunc): so that a list can come from an environment variable.
    public func scalars() throws(ConfigError) -> [ConfigNode] {
        guard case .string(let string) = value else { return try list() }
        if string.isEmpty { return [] }
        return string.split(separator: ",", omittingEmptySubsequences: false).map { part in
            ConfigNode(.string(String(part)), text: String(part), path: path, position: position)
        }
    }

    /// The elements of a list; null is the empty list.
    public func list() throws(ConfigError) -> [ConfigNode] {
        switch value {
        case .null: []
        case .list(let nodes): nodes
        default: throw expected("a list")
        }
    }
}
