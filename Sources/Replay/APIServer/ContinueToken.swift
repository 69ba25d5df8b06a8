internal import FoundationEssentials

/// What the client hands back for the next page of a list (apiserver `pkg/storage/continue.go`).
struct ContinueToken: Codable, Equatable, Sendable {
    private enum CodingKeys: String, CodingKey {
        case version = "v"
        case revision = "rv"
        case start
        case page
    }

    var version = "meta.k8s.io/v1"
    /// The state that is listed.
    let revision: UInt64
    /// Namespace and name of the last object that was told.
    let start: String
    /// The page to come, counted from 1.
    let page: Int

    init(revision: UInt64, after key: ReplayObject.Key, page: Int) {
        self.revision = revision
        start = "\(key.namespace)/\(key.name)"
        self.page = page
    }

    /// Nil for what is no token.
    init?(_ text: String) {
        guard let data = Data(base64Encoded: text),
            let token = try? JSONDecoder().decode(ContinueToken.self, from: data)
        else { return nil }
        self = token
    }

    var text: String {
        // Neither numbers nor the names of objects need escaping.
        Data(#"{"v":"\#(version)","rv":\#(revision),"start":"\#(start)","page":\#(page)}"#.utf8).base64EncodedString()
    }

    func isBefore(_ key: ReplayObject.Key) -> Bool {
        let parts = start.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return (parts[0], parts.count == 2 ? parts[1] : "") < (key.namespace, key.name)
    }
}
