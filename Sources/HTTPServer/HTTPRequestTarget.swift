/// The request target of RFC 9112, 3.2.
enum HTTPRequestTarget {
    /// Path and query; scheme and authority of the absolute form are left out.
    static func split(_ target: String) -> (path: String, query: String) {
        // Nearly all are like this.
        if target.utf8.first == UInt8(ascii: "/"), !target.utf8.contains(UInt8(ascii: "?")) { return (target, "") }
        let target = origin(target)
        guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return (String(target), "") }
        return (String(target[..<mark]), String(target[target.utf8.index(after: mark)...]))
    }

    private static func origin(_ target: String) -> Substring {
        guard target.utf8.first != UInt8(ascii: "/") else { return target[...] }
        for scheme in ["http://", "https://"] where target.lowercased().hasPrefix(scheme) {
            let authority = target.dropFirst(scheme.count)
            guard let end = authority.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
            return authority[end] == "/" ? authority[end...] : "/" + authority[end...]
        }
        return target[...]
    }
}
