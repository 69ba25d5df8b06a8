internal import Yams

/// A configuration as text, for `print-config`.
public struct ConfigText: Sendable {
    public enum Format: String, Sendable, CaseIterable {
        case yaml
        case json
    }

    private let root: ConfigNode

    /// - Parameter secrets: The components whose secrets are hidden; nil to hide nothing.
    public init(_ config: LoadedConfig, hidingSecretsOf factories: [ComponentFactory]?) {
        root = factories.map { ConfigRedaction(factories: $0).redact(config.root) } ?? config.root
    }

    /// The text, with a line end behind it.
    public func text(_ format: Format) throws(ConfigError) -> String {
        switch format {
        case .json: return Self.json(root, indentation: "") + "\n"
        case .yaml:
            do {
                return try Yams.serialize(node: Self.yaml(root), indent: 4, allowUnicode: true)
            } catch {
                throw ConfigError(path: "", position: nil, message: "cannot be written as YAML: \(error)")
            }
        }
    }

    private static func yaml(_ node: ConfigNode) -> Node {
        switch node.value {
        case .map(let entries):
            Node.mapping(Node.Mapping(entries.map { (scalar($0.key), yaml($0.node)) }, Tag.implicit, .block))
        case .list(let elements): Node.sequence(Node.Sequence(elements.map(yaml), Tag.implicit, .block))
        case .null: Node.scalar(Node.Scalar("null", Tag.implicit, .plain))
        case .bool, .int, .double: Node.scalar(Node.Scalar(node.text ?? "", Tag.implicit, .plain))
        case .string(let text): scalar(text)
        }
    }

    /// A string, in quotes where it would be read as something else without.
    private static func scalar(_ text: String) -> Node {
        guard YAMLScalar.plainValue(of: text) == .string(text) else {
            return .scalar(Node.Scalar(text, Tag.implicit, .doubleQuoted))
        }
        return .scalar(Node.Scalar(text, Tag.implicit, text.contains("\n") ? .literal : .any))
    }

    private static func json(_ node: ConfigNode, indentation: String) -> String {
        let inner = indentation + "  "
        func block(_ lines: [String], _ open: String, _ close: String) -> String {
            guard !lines.isEmpty else { return open + close }
            return open + "\n" + lines.map { inner + $0 }.joined(separator: ",\n") + "\n\(indentation)\(close)"
        }
        switch node.value {
        case .map(let entries):
            let lines = entries.map { "\(JSONText.string($0.key)): \(json($0.node, indentation: inner))" }
            return block(lines, "{", "}")
        case .list(let elements): return block(elements.map { json($0, indentation: inner) }, "[", "]")
        case .null: return "null"
        case .bool(let bool): return "\(bool)"
        case .int(let int): return "\(int)"
        case .double(let double): return double.isFinite ? "\(double)" : JSONText.string(node.text ?? "")
        case .string(let text): return JSONText.string(text)
        }
    }
}
