extension JSONReader {
    /// What is wrong, and in which field of the value that begins at `start`: `status.steps[0].name: is not of type String`.
    func summary(of error: JSONReadError, from start: Int) -> String {
        guard case .unexpected(let offset, let reason) = error else { return "\(error)" }
        let path = path(to: offset, from: start)
        return path.isEmpty ? reason : "\(path): \(reason)"
    }

    /// Where in the value that begins at `start` the value at `offset` stands: `status.steps[0].name`. Empty for that value
    /// itself. Found by reading the text once more, so that reading it the first time costs nothing for it.
    private func path(to offset: Int, from start: Int) -> String {
        var reader = rewound(to: start)
        // What was read once can be read again.
        return (try? reader.findPath(to: offset)) ?? ""
    }

    /// The path from the value that is next; nil when it is not in there. As deep as what was gone into, at the most.
    private mutating func findPath(to target: Int) throws(JSONReadError) -> String? {
        let start = try position()
        if start == target { return "" }
        switch text[start] {
        case UInt8(ascii: "{"):
            var cursor = try entriesIfPresent()
            while let key = try nextKey(&cursor) {
                guard let rest = try findPathIfInside(to: target) else { continue }
                return rest.isEmpty || rest.hasPrefix("[") ? key + rest : "\(key).\(rest)"
            }
        case UInt8(ascii: "["):
            var elements = try elements()
            var index = 0
            while try elements.next(in: &self) {
                if let rest = try findPathIfInside(to: target) {
                    return "[\(index)]" + (rest.isEmpty || rest.hasPrefix("[") ? rest : ".\(rest)")
                }
                index += 1
            }
        default: try skipValue()
        }
        return nil
    }

    /// Only goes into a value that has the target: the others may nest as they like.
    private mutating func findPathIfInside(to target: Int) throws(JSONReadError) -> String? {
        let before = self
        try skipValue()
        guard target < offset else { return nil }
        self = before
        return try findPath(to: target)
    }
}
