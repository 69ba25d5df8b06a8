/// Laying one configuration over another.
extension ConfigNode {
    /// This node with `other` laid over it: maps are merged deeply, everything else (lists, null) is replaced.
    func merged(with other: ConfigNode) -> ConfigNode {
        guard case .map(var entries) = value, case .map(let overlay) = other.value else { return other }
        for (key, node) in overlay {
            if let index = entries.firstIndex(where: { $0.key == key }) {
                entries[index].node = entries[index].node.merged(with: node)
            } else {
                entries.append((key, node))
            }
        }
        var result = other
        result.value = .map(entries)
        return result
    }

    /// This map's entries, except where `other` has the same key.
    func shallowlyOverridden(by other: ConfigNode) -> ConfigNode {
        guard case .map(let entries) = value, case .map(let overlay) = other.value else { return other }
        var result = other
        result.value = .map(overlay + entries.filter { entry in !overlay.contains { $0.key == entry.key } })
        return result
    }

    /// Maps around this node so that it is at `keys` below `path`.
    func nested(under keys: [String], of path: String) -> ConfigNode {
        var node = self
        for depth in keys.indices.reversed() {
            let path = keys[..<depth].reduce(path) { ConfigNode.path($0, $1) }
            node = ConfigNode(
                .map([(keys[depth], node)]),
                path: path,
                position: keyPosition,
                keyPosition: depth == 0 ? nil : keyPosition
            )
        }
        return node
    }

    /// This node and everything below it, moved to `path` and `position`: for values that were written elsewhere.
    func moved(to path: String, position: String?, keyPosition: String?) -> ConfigNode {
        var result = self
        result.path = path
        result.position = position
        result.keyPosition = keyPosition
        switch value {
        case .list(let elements):
            result.value = .list(
                elements.enumerated().map { index, element in
                    element.moved(
                        to: ConfigNode.path(path, String(index)),
                        position: position,
                        keyPosition: nil
                    )
                }
            )
        case .map(let entries):
            result.value = .map(
                entries.map { key, node in
                    (key, node.moved(to: ConfigNode.path(path, key), position: position, keyPosition: position))
                }
            )
        default: break
        }
        return result
    }
}
