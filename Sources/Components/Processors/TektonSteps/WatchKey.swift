import Kubernetes
import Tekton

/// One of the watches of `tekton_steps`.
struct WatchKey: Hashable, Sendable, CustomStringConvertible {
    let resource: String
    /// Empty for all.
    let namespace: String

    init(_ resource: APIResource, _ namespace: String?) {
        self.resource = resource.qualifiedName
        self.namespace = namespace ?? ""
    }

    var isOfTaskRuns: Bool { resource == TaskRun.resource.qualifiedName }

    var description: String { namespace.isEmpty ? resource : "\(resource) in \(namespace)" }
}
