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

    /// Empty when the key is missing or null.
    func strings(_ key: String) throws(KubernetesConfigError) -> [String] {
        guard let value = value(key) else { return [] }
        guard let sequence = value.sequence else { throw error(key, "a list of strings is expected") }
        var strings: [String] = []
        for item in sequence {
            guard let scalar = item.scalar else { throw error(key, "a list of strings is expected") }
            strings.append(scalar.string)
        }
        return strings
    }

    /// The mapping under the key; nil when it is missing or null.
    func child(_ key: String) throws(KubernetesConfigError) -> KubeconfigNode? {
        guard let value = value(key) else { return nil }
        guard value.mapping != nil else { throw error(key, "a mapping is expected") }
        return KubeconfigNode(value, file: file, path: keyPath(key))
    }

    /// The mappings in the list under the key.
    func children(_ key: String) throws(KubernetesConfigError) -> [KubeconfigNode] {
        guard let value = value(key) else { return [] }
        guard let sequence = value.sequence else { throw error(key, "a list is expected") }
        return sequence.enumerated().map { KubeconfigNode($1, file: file, path: "\(keyPath(key))[\($0)]") }
    }

    /// The keys that are there, in the order of the file.
    var keys: [String] { node.mapping?.compactMap { $0.key.scalar?.string } ?? [] }

    /// What is under the key, as JSON; nil when it is missing.
    func json(_ key: String) -> String? {
        value(key).map { $0.json }
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

    /// File, line and path of the key, for errors of what is done with it later.
    func place(of key: String) -> String {
        let error = error(key, "")
        return "\(error.source): \(keyPath(key))"
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

extension Node {
    /// Scalars have the type that YAML gives them.
    fileprivate var json: String {
        switch self {
        case .mapping(let mapping):
            "{"
                + mapping.map { "\(JSONText.string($0.key.scalar?.string ?? "")):\($0.value.json)" }
                .joined(separator: ",") + "}"
        case .sequence(let sequence): "[" + sequence.map(\.json).joined(separator: ",") + "]"
        case .scalar(let scalar): json(scalar)
        case .alias: "null"
        }
    }

    private func json(_ scalar: Scalar) -> String {
        guard scalar.style == .plain else { return JSONText.string(scalar.string) }
        if null != nil { return "null" }
        if let bool { return bool ? "true" : "false" }
        if let int { return String(int) }
        if let float, float.isFinite { return "\(float)" }
        return JSONText.string(scalar.string)
    }
}
