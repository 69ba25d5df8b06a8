import Yams

/// A mapping in a kubeconfig file, with its place for errors.
struct KubeconfigNode {
    let file: String
    /// `users[ci].user`; empty for the whole file.
    let path: String
    private let node: Node

    init(yaml: String, file: String) throws(KubernetesConfigError) {
        do {
            node = try Yams.compose(yaml: yaml) ?? Node([] as [(Node, Node)])
        } catch {
            throw KubernetesConfigError(file, "is not YAML: \(error)")
        }
        self.file = file
        path = ""
        guard node.mapping != nil else {
            throw KubernetesConfigError(
                file,
                "is not a kubeconfig: a mapping with clusters, users and contexts is expected"
            )
        }
    }

    private init(_ node: Node, file: String, path: String) {
        self.node = node
        self.file = file
        self.path = path
    }

    /// Nil when the key is missing or null.
    func string(_ key: String) throws(KubernetesConfigError) -> String? {
        guard let value = value(key) else { return nil }
        guard let scalar = value.scalar else { throw error(key, "a string is expected") }
        return scalar.string
    }

    /// As `string`, with empty as missing.
    func nonEmptyString(_ key: String) throws(KubernetesConfigError) -> String? {
        try string(key).flatMap { $0.isEmpty ? nil : $0 }
    }

    func bool(_ key: String) throws(KubernetesConfigError) -> Bool? {
        switch try string(key) {
        case nil: nil
        case "true": true
        case "false": false
        case .some(let text): throw error(key, "'\(text)' is neither true nor false")
        }
    }

    func has(_ key: String) -> Bool {
        value(key) != nil
    }

    /// The mapping under `inner` of the entry called `name` in the list under `list`: `clusters[name].cluster`.
    func entry(_ list: String, named name: String, _ inner: String) throws(KubernetesConfigError) -> KubeconfigNode? {
        guard let value = value(list) else { return nil }
        guard let sequence = value.sequence else { throw error(list, "a list is expected") }
        for item in sequence where item.mapping != nil {
            let entry = KubeconfigNode(item, file: file, path: "\(keyPath(list))[\(name)]")
            guard try entry.string("name") == name else { continue }
            guard let value = entry.value(inner) else { return KubeconfigNode([:], file: file, path: entry.path) }
            guard value.mapping != nil else { throw entry.error(inner, "a mapping is expected") }
            return KubeconfigNode(value, file: file, path: entry.keyPath(inner))
        }
        return nil
    }

    func error(_ key: String, _ message: String) -> KubernetesConfigError {
        let line = (value(key) ?? node).mark.map { ":\($0.line)" } ?? ""
        return KubernetesConfigError(file + line, key: keyPath(key), message)
    }

    private func keyPath(_ key: String) -> String {
        path.isEmpty ? key : "\(path).\(key)"
    }

    private func value(_ key: String) -> Node? {
        guard let value = node.mapping?.first(where: { $0.key.scalar?.string == key })?.value else { return nil }
        if let scalar = value.scalar, scalar.style == .plain, ["", "~", "null"].contains(scalar.string) {
            return nil
        }
        return value
    }
}
