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
    /// The text of a scalar as it was written ("0123" stays "0123" where a string is wanted).
    public var text: String?
    /// Keys joined with `::`.
    public var path: String
    /// `file:line:column`.
    public var position: String?

    public init(_ value: Value, text: String? = nil, path: String = "", position: String? = nil) {
        self.value = value
        self.text = text
        self.path = path
        self.position = position
    }
}
