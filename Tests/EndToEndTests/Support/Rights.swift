import FoundationEssentials
import Replay
import Testing
import Yams

/// A right in the sense of Kubernetes' RBAC.
struct Rights: Hashable, CustomStringConvertible {
    let verb: String
    let group: String
    let resource: String

    var description: String { "\(verb) \(resource) in \"\(group)\"" }

    /// What `deploy/base/cluster-role.yaml` grants.
    static func granted() throws -> Set<Rights> {
        try granted("deploy/base/cluster-role.yaml", "ClusterRole")
    }

    /// The verbs that `deploy/components/sharding/role.yaml` grants on Leases; it grants nothing else.
    static func grantedForLeases() throws -> Set<String> {
        let rights = try granted("deploy/components/sharding/role.yaml", "Role")
        #expect(rights.allSatisfy { $0.group == "coordination.k8s.io" && $0.resource == "leases" })
        return Set(rights.map(\.verb))
    }

    private static func granted(_ path: String, _ kind: String) throws -> Set<Rights> {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appending(path: path)
        let text = try String(contentsOf: file, encoding: .utf8)
        let role = try #require(text.components(separatedBy: "\n---\n").first { $0.contains("kind: \(kind)\n") })
        let rules = try YAMLDecoder().decode(Role.self, from: role).rules
        return Set(
            rules.flatMap { rule in
                rule.apiGroups.flatMap { group in
                    rule.resources.flatMap { resource in
                        rule.verbs.map { Rights(verb: $0, group: group, resource: resource) }
                    }
                }
            }
        )
    }

    /// What requests need. Those for no objects are open to everybody who is logged in, by the role `system:discovery`
    /// that every cluster has.
    static func asked(for requests: [ReceivedAPIRequest]) -> Set<Rights> {
        Set(
            requests.compactMap { request in
                if request.verb == .other, isDiscovery(request.path) { return nil }
                // A streaming list is a watch, also where it is refused.
                let isStream = request.query.contains("sendInitialEvents=true")
                return Rights(
                    verb: isStream ? "watch" : "\(request.verb)",
                    group: request.path.hasPrefix("/apis/tekton.dev/") ? "tekton.dev" : "",
                    resource: request.resource?.rawValue
                        ?? (isStream ? request.path.split(separator: "/").last.map(String.init) : nil) ?? request.path
                )
            }
        )
    }

    private static func isDiscovery(_ path: String) -> Bool {
        ["/version", "/healthz", "/livez", "/readyz", "/api", "/apis", "/api/v1"].contains(path)
            || path.hasPrefix("/apis/") && path.split(separator: "/").count <= 3
    }

    private struct Role: Decodable {
        struct Rule: Decodable {
            let apiGroups: [String]
            let resources: [String]
            let verbs: [String]
        }

        let rules: [Rule]
    }
}
