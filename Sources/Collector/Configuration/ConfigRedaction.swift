/// Hides secrets of a configuration. What is secret is told by the components' ``ConfigOption``s.
struct ConfigRedaction {
    /// What the Collector's configopaque writes.
    static let mark = "[REDACTED]"

    let factories: [ComponentFactory]

    /// `root` with every secret replaced by a mark: values of options that are secret, values that no component knows,
    /// and passwords in URLs.
    func redact(_ root: ConfigNode) -> ConfigNode {
        guard case .map(let sections) = root.value else { return root }
        var result = root
        result.value = .map(
            sections.map { key, section in
                if let kind = ComponentKind.allCases.first(where: { $0.plural == key }) {
                    return (key, redact(section, kind))
                }
                return (key, key == "service" ? section.mapScalars(Self.withoutPassword) : Self.hidden(section))
            }
        )
        return result
    }

    private func redact(_ section: ConfigNode, _ kind: ComponentKind) -> ConfigNode {
        guard case .map(let components) = section.value else { return section }
        var result = section
        result.value = .map(
            components.map { key, component in
                let type = String(key.prefix { $0 != "/" })
                let factory = factories.first {
                    $0.kind == kind && ($0.type == type || $0.aliases.contains(type))
                }
                return (key, factory.map { redact(component, $0.configuration.options, "") } ?? Self.hidden(component))
            }
        )
        return result
    }

    /// - Parameter path: of the node below the component, joined with dots; empty for the component itself.
    private func redact(_ node: ConfigNode, _ options: [ConfigOption], _ path: String) -> ConfigNode {
        if let option = options.first(where: { $0.key == path }) {
            return option.isSecret ? Self.hidden(node) : node.mapScalars(Self.withoutPassword)
        }
        let prefix = path.isEmpty ? "" : path + "."
        guard path.isEmpty || options.contains(where: { $0.key.hasPrefix(prefix) }) else { return Self.hidden(node) }
        guard case .map(let entries) = node.value else { return node.value == .null ? node : Self.hidden(node) }
        var result = node
        result.value = .map(entries.map { ($0.key, redact($0.node, options, prefix + $0.key)) })
        return result
    }

    private static func hidden(_ node: ConfigNode) -> ConfigNode {
        node.mapScalars { scalar in
            guard scalar.value != .null else { return scalar }
            var scalar = scalar
            scalar.value = .string(mark)
            scalar.text = mark
            return scalar
        }
    }

    /// `https://user:password@host` without the password, `https://token@host` without the token.
    private static func withoutPassword(_ scalar: ConfigNode) -> ConfigNode {
        guard case .string(let text) = scalar.value, let scheme = text.firstRange(of: "://") else { return scalar }
        let authority = text[scheme.upperBound...].prefix { !"/?#".contains($0) }
        guard let at = authority.lastIndex(of: "@") else { return scalar }
        let colon = authority[..<at].firstIndex(of: ":")
        var scalar = scalar
        let redacted = (colon.map { text[...$0] } ?? text[..<scheme.upperBound]) + mark + text[at...]
        scalar.value = .string(String(redacted))
        scalar.text = String(redacted)
        return scalar
    }
}

extension ConfigNode {
    /// This node with `change` made to every value in it that is neither map nor list.
    fileprivate func mapScalars(_ change: (ConfigNode) -> ConfigNode) -> ConfigNode {
        var result = self
        switch value {
        case .list(let elements): result.value = .list(elements.map { $0.mapScalars(change) })
        case .map(let entries): result.value = .map(entries.map { ($0.key, $0.node.mapScalars(change)) })
        default: return change(self)
        }
        return result
    }
}
