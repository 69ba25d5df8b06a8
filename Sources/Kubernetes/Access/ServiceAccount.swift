/// The service account that the kubelet mounts into a pod.
enum ServiceAccount {
    static let directory = "/var/run/secrets/kubernetes.io/serviceaccount"

    static func access(in environment: ClusterEnvironment) throws(KubernetesConfigError) -> ClusterAccess {
        let host = try variable("KUBERNETES_SERVICE_HOST", in: environment)
        let port = try variable("KUBERNETES_SERVICE_PORT", in: environment)
        var access = ClusterAccess(server: "https://\(host.contains(":") ? "[\(host)]" : host):\(port)")
        let token = try file("token", in: environment)
        guard !token.isEmpty else {
            throw KubernetesConfigError("\(directory)/token", "is empty")
        }
        access.credentials = .tokenFile("\(directory)/token")
        if let problem = PEMKind.certificate.problem(try file("ca.crt", in: environment)) {
            throw KubernetesConfigError("\(directory)/ca.crt", problem)
        }
        access.tls.certificateAuthority = .file("\(directory)/ca.crt")
        access.namespace = try? file("namespace", in: environment)
        return access
    }

    private static func variable(
        _ name: String,
        in environment: ClusterEnvironment
    ) throws(KubernetesConfigError) -> String {
        guard let value = environment.variables[name], !value.isEmpty else {
            throw KubernetesConfigError(
                name,
                "is not set, so this is not a pod; use auth_type: kubeConfig, or auth_type: none with api_server"
            )
        }
        return value
    }

    private static func file(
        _ name: String,
        in environment: ClusterEnvironment
    ) throws(KubernetesConfigError) -> String {
        let path = "\(directory)/\(name)"
        do {
            return String(decoding: try environment.readFile(path), as: UTF8.self).trimmingWhitespace()
        } catch {
            throw KubernetesConfigError(
                path,
                "\(error.message); the pod needs a service account with automountServiceAccountToken: true"
            )
        }
    }
}

extension String {
    func trimmingWhitespace() -> String {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return String(rest)
    }
}
