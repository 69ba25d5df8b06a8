/// What the configuration says about the access to the cluster.
public struct ClusterAccessSettings: Sendable, Equatable {
    public enum AuthType: String, Sendable, CaseIterable {
        /// As the service account of the pod this runs in.
        case serviceAccount
        /// As a kubeconfig file says.
        case kubeConfig
        /// `apiServer` without credentials, such as that of `kubectl proxy`.
        case none
    }

    public var authType: AuthType
    /// Of the kubeconfig; nil for its current one.
    public var context: String?
    /// Path of the kubeconfig; nil for `KUBECONFIG`, else `~/.kube/config`.
    public var kubeconfig: String?
    /// For `none`.
    public var apiServer: String?

    public init(
        authType: AuthType = .serviceAccount,
        context: String? = nil,
        kubeconfig: String? = nil,
        apiServer: String? = nil
    ) {
        self.authType = authType
        self.context = context
        self.kubeconfig = kubeconfig
        self.apiServer = apiServer
    }

    /// Finds out how to reach the cluster. Reads files, but does not connect.
    public func access(in environment: ClusterEnvironment) throws(KubernetesConfigError) -> ClusterAccess {
        switch authType {
        case .serviceAccount:
            try ServiceAccount.access(in: environment)
        case .kubeConfig:
            try Kubeconfig(path: kubeconfig, in: environment).access(context: context)
        case .none:
            try unauthenticated()
        }
    }

    private func unauthenticated() throws(KubernetesConfigError) -> ClusterAccess {
        guard let apiServer, !apiServer.isEmpty else {
            throw KubernetesConfigError("api_server", "is needed with auth_type: none, such as http://127.0.0.1:8001")
        }
        return ClusterAccess(server: try ClusterAccess.checkedServer(apiServer, "api_server", key: nil))
    }
}
