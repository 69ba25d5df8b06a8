/// A kind of objects in the API.
public struct APIResource: Sendable, Hashable {
    /// Empty for the core group.
    public let group: String
    /// In order of preference; the first that the cluster serves is used.
    public let versions: [String]
    /// As it stands in paths: `taskruns`.
    public let plural: String

    public init(group: String, versions: [String], plural: String) {
        precondition(!versions.isEmpty, "a resource has at least one version")
        self.group = group
        self.versions = versions
        self.plural = plural
    }

    /// As the API server names it in its messages: `taskruns.tekton.dev`, `pods`.
    public var qualifiedName: String {
        group.isEmpty ? plural : "\(plural).\(group)"
    }

    /// `/apis/tekton.dev/v1/namespaces/ci/taskruns`; all namespaces when `namespace` is nil.
    func path(version: String, namespace: String?) -> String {
        let prefix = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        return prefix + (namespace.map { "/namespaces/\($0)" } ?? "") + "/\(plural)"
    }
}
