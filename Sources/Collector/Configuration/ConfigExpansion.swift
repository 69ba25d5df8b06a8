/// Replaces `${env:NAME}`, `${NAME}`, `${env:NAME:-default}`, `${file:path}` and `${yaml:text}` in the strings of a
/// configuration, and `$$` with `$`, as the Collector does (its confmap/README.md and docs/rfcs/env-vars.md).
///
/// `$NAME` without braces is left alone. A reference that is the whole of a value is read as YAML, so that it may be
/// a number, a list or a map; within other text it is text. An unset variable is empty, with a warning.
struct ConfigExpansion {
    /// How often a value may contain references to values that contain references.
    static let maximumDepth = 32

    let sources: ConfigSources
    let errors: ConfigErrorList
    /// For variables that are not set.
    private(set) var warnings: [ConfigError] = []

    init(sources: ConfigSources, errors: ConfigErrorList) {
        self.sources = sources
        self.errors = errors
    }

    /// `node` with everything below it expanded; keys are left alone. A value that cannot be expanded is null, and told
    /// of in `errors`.
    mutating func expand(_ node: ConfigNode, depth: Int = 0) -> ConfigNode {
        var result = node
        switch node.value {
        case .string(let text) where text.contains("$"):
            do {
                result = try expand(text, of: node, depth: depth)
            } catch {
                errors.addUnreadable(error)
                result.value = .null
            }
        case .list(let elements): result.value = .list(elements.map { expand($0, depth: depth) })
        case .map(let entries): result.value = .map(entries.map { ($0.key, expand($0.node, depth: depth)) })
        default: break
        }
        return result
    }

    private mutating func expand(_ text: String, of node: ConfigNode, depth: Int) throws(ConfigError) -> ConfigNode {
        if let reference = try Self.wholeReference(text, of: node) {
            let name = try expandText(reference, of: node, depth: depth)
            let written = try retrieve(name, for: node) ?? ""
            // What is no YAML, or a string in YAML, is taken as it is: a password may look like anything.
            var value = (try? YAMLText.parse(written, source: "")) ?? ConfigNode(.string(written))
            switch value.value {
            case .string: value.value = .string(written)
            // A comment to YAML.
            case .null where !["", "~", "null"].contains(written.lowercased()): value.value = .string(written)
            default: break
            }
            value.text = written
            value = value.moved(to: node.path, position: node.position, keyPosition: node.keyPosition)
            return expand(value, depth: try next(depth, node))
        }
        var result = node
        let expanded = try expandText(text[...], of: node, depth: depth)
        result.value = .string(expanded)
        result.text = expanded
        return result
    }

    /// The text with all references replaced by text.
    private mutating func expandText(
        _ text: Substring,
        of node: ConfigNode,
        depth: Int
    ) throws(ConfigError) -> String {
        var result = ""
        var rest = text
        while let dollar = rest.firstIndex(of: "$") {
            result += rest[..<dollar]
            rest = rest[dollar...].dropFirst()
            switch rest.first {
            case "$":
                result += "$"
                rest = rest.dropFirst()
            case "{":
                let end = try Self.end(of: rest, node)
                let name = try expandText(rest[..<end].dropFirst(), of: node, depth: try next(depth, node))
                let value = try retrieve(name, for: node) ?? ""
                result += try expandText(value[...], of: node, depth: try next(depth, node))
                rest = rest[end...].dropFirst()
            default:
                result += "$"
            }
        }
        return result + rest
    }

    private func next(_ depth: Int, _ node: ConfigNode) throws(ConfigError) -> Int {
        guard depth < Self.maximumDepth else { throw node.error("references that contain each other") }
        return depth + 1
    }

    /// What is within the braces, when `text` is one reference and nothing else.
    private static func wholeReference(_ text: String, of node: ConfigNode) throws(ConfigError) -> Substring? {
        guard text.hasPrefix("${") else { return nil }
        let braces = text.dropFirst()
        let end = try end(of: braces, node)
        return text.index(after: end) == text.endIndex ? braces[..<end].dropFirst() : nil
    }

    /// The index of the brace that closes the one `text` starts with; references may be nested.
    private static func end(of text: Substring, _ node: ConfigNode) throws(ConfigError) -> Substring.Index {
        var depth = 0
        for index in text.indices {
            switch text[index] {
            case "{": depth += 1
            case "}":
                depth -= 1
                if depth == 0 { return index }
            default: break
            }
        }
        throw node.error("\"${\" without a closing \"}\" (write \"$$\" for a \"$\" of the value's own)")
    }

    /// The text that `reference` (`env:NAME`, `NAME:-default`, `file:path`) stands for; nil for an unset variable.
    private mutating func retrieve(_ reference: String, for node: ConfigNode) throws(ConfigError) -> String? {
        let (scheme, rest) = Self.scheme(reference)
        switch scheme {
        case "env": return try variable(rest, for: node)
        case "yaml": return String(rest)
        case "file":
            var text: String
            do {
                text = try sources.readFile(String(rest))
            } catch {
                throw node.error("${\(reference)}: \(error)")
            }
            while text.last?.isNewline == true { text.removeLast() }
            return text
        default:
            throw node.error("scheme \"\(scheme)\" is not supported in \"${\(reference)}\": use env, file or yaml")
        }
    }

    private mutating func variable(_ reference: Substring, for node: ConfigNode) throws(ConfigError) -> String? {
        let separator = reference.firstRange(of: ":-")
        let name = String(reference[..<(separator?.lowerBound ?? reference.endIndex)])
        guard Self.isName(name) else {
            throw node.error(
                "environment variable \"\(name)\" has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$"
                    + " (write \"$$\" for a \"$\" of the value's own)"
            )
        }
        if let value = sources.environment[name] { return value }
        if let separator { return String(reference[separator.upperBound...]) }
        warnings.append(node.error("environment variable \"\(name)\" is not set, using an empty value"))
        return nil
    }

    /// `env:NAME` in its two parts; without a scheme it is `env`.
    private static func scheme(_ reference: String) -> (scheme: Substring, rest: Substring) {
        guard let colon = reference.firstIndex(of: ":"), !reference[colon...].hasPrefix(":-") else {
            return ("env", reference[...])
        }
        return (reference[..<colon], reference[colon...].dropFirst())
    }

    static func isName(_ text: String) -> Bool {
        guard let first = text.utf8.first, !text.isEmpty else { return false }
        func isLetter(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: "_") || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
        }
        return isLetter(first)
            && text.utf8.allSatisfy { isLetter($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }
}
