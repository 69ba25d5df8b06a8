import Yams

/// Reads YAML into nodes with positions.
public enum YAMLText {
    /// Aliases can make a short text very large; a configuration never has this many values.
    static let maximumNodes = 100_000

    /// The one document of `text`; null when it is empty.
    ///
    /// Keys with `::` in them are paths (`a::b: 1` is `a: {b: 1}`), as in the Collector. A key that stands twice in
    /// a map is an error. `source` is what positions name: a file, `--set a.b`, an environment variable.
    public static func parse(_ text: String, source: String) throws(ConfigError) -> ConfigNode {
        let root: Node?
        do {
            // Other encodings come from an environment variable of Yams'.
            root = try Parser(yaml: text, encoding: .utf8).singleRoot()
        } catch let error as YamlError {
            throw configError(error, source: source)
        } catch {
            throw ConfigError(path: "", position: source, message: "invalid YAML: \(error)")
        }
        var conversion = Conversion(source: source)
        guard let root else { return ConfigNode(.null, text: "", position: "\(source):1:1") }
        return try conversion.convert(root, path: "", keyPosition: nil)
    }

    private static func configError(_ error: YamlError, source: String) -> ConfigError {
        func invalid(_ line: Int, _ column: Int, _ context: YamlError.Context?, _ problem: String) -> ConfigError {
            let context = context.map { " \($0.text) (line \($0.mark.line), column \($0.mark.column)):" } ?? ""
            return ConfigError(
                path: "",
                position: "\(source):\(line):\(column)",
                message: "invalid YAML:\(context) \(problem)"
            )
        }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            return invalid(mark.line, mark.column, context, problem)
        case .duplicatedKeysInMapping(let keys, let context):
            let keys = keys.map { "\"\($0)\"" }.joined(separator: ", ")
            let problem = "a key may stand only once in a map, duplicated: \(keys)"
            return invalid(context.mark.line, context.mark.column, nil, problem)
        case .reader(let problem, let offset?, _, let yaml):
            let before = yaml.prefix(offset)
            let column = before.reversed().prefix { !$0.isNewline }.count + 1
            return invalid(before.count(where: { $0.isNewline }) + 1, column, nil, problem)
        default:
            return ConfigError(path: "", position: source, message: "invalid YAML: \(error)")
        }
    }
}

/// Makes nodes of Yams' nodes.
private struct Conversion {
    let source: String
    private var nodes = 0

    init(source: String) { self.source = source }

    mutating func convert(_ node: Node, path: String, keyPosition: String?) throws(ConfigError) -> ConfigNode {
        let position = position(node)
        nodes += 1
        guard nodes <= YAMLText.maximumNodes else {
            throw ConfigError(
                path: path,
                position: position,
                message: "more than \(YAMLText.maximumNodes) values (aliases that multiply each other?)"
            )
        }
        var result = ConfigNode(.null, path: path, position: position, keyPosition: keyPosition)
        switch node {
        case .scalar(let scalar):
            result.value = YAMLScalar.value(of: scalar.string, tag: scalar.tag.rawValue)
            result.text = scalar.string
        case .sequence(let sequence):
            var elements: [ConfigNode] = []
            for (index, element) in sequence.enumerated() {
                let path = ConfigNode.path(path, String(index))
                elements.append(try convert(element, path: path, keyPosition: nil))
            }
            result.value = .list(elements)
        case .mapping(let mapping):
            result.value = .map(try entries(mapping, path: path))
        case .alias:
            throw result.error("unresolved alias")
        }
        return result
    }

    private mutating func entries(
        _ mapping: Node.Mapping,
        path: String
    ) throws(ConfigError) -> [(key: String, node: ConfigNode)] {
        var result = ConfigNode(.map([]), path: path)
        var merged: [ConfigNode] = []
        for (keyNode, valueNode) in mapping {
            guard case .scalar(let key) = keyNode else {
                throw ConfigError(path: path, position: position(keyNode), message: "expected a key that is a string")
            }
            if key.string == "<<", key.style == .plain {
                merged += try mergeSources(valueNode, path: path)
                continue
            }
            let keyPosition = position(keyNode)
            let parts = Self.split(key.string)
            let fullPath = parts.reduce(path) { ConfigNode.path($0, $1) }
            let value = try convert(valueNode, path: fullPath, keyPosition: keyPosition)
            result = result.merged(with: value.nested(under: parts, of: path))
        }
        // What is written in the map itself wins over what `<<` brings, and an earlier source over a later one.
        for source in merged { result = source.shallowlyOverridden(by: result) }
        guard case .map(let entries) = result.value else { return [] }
        return entries
    }

    /// The maps that `<<: *alias` or `<<: [*a, *b]` names.
    private mutating func mergeSources(_ node: Node, path: String) throws(ConfigError) -> [ConfigNode] {
        var sources: [ConfigNode] = []
        for node in node.sequence.map(Array.init) ?? [node] {
            let source = try convert(node, path: path, keyPosition: nil)
            guard case .map = source.value else { throw source.expected("a map behind \"<<\"") }
            sources.append(source)
        }
        return sources
    }

    private func position(_ node: Node) -> String? {
        node.mark.map { "\(source):\($0.line):\($0.column)" } ?? source
    }

    /// `a::b` as `[a, b]`; a key with an empty part is left as it is.
    private static func split(_ key: String) -> [String] {
        guard key.contains("::") else { return [key] }
        var parts: [String] = []
        var rest = key[...]
        while let colons = rest.firstRange(of: "::") {
            parts.append(String(rest[..<colons.lowerBound]))
            rest = rest[colons.upperBound...]
        }
        parts.append(String(rest))
        return parts.contains("") ? [key] : parts
    }
}
