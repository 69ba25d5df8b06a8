import FoundationEssentials

/// Kubeconfig files, merged as kubectl does: of two entries with the same name the first file's counts, whole.
struct Kubeconfig {
    private let files: [KubeconfigNode]
    private let environment: ClusterEnvironment

    /// - Parameter path: nil for the files in `KUBECONFIG` (separated by colons, missing ones are left out), else
    ///   `~/.kube/config`.
    init(path: String?, in environment: ClusterEnvironment) throws(KubernetesConfigError) {
        self.environment = environment
        if let path {
            files = [try Self.read(path, in: environment)]
            return
        }
        if let list = environment.variables["KUBECONFIG"], !list.isEmpty {
            var files: [KubeconfigNode] = []
            for path in list.split(separator: ":") {
                guard let file = try Self.readIfThere(String(path), in: environment) else { continue }
                files.append(file)
            }
            guard !files.isEmpty else {
                throw KubernetesConfigError("KUBECONFIG", "none of the files in '\(list)' exists")
            }
            self.files = files
            return
        }
        guard let home = environment.variables["HOME"], !home.isEmpty else {
            throw KubernetesConfigError("KUBECONFIG", "is not set, nor is HOME; name the kubeconfig file")
        }
        files = [try Self.read("\(home)/.kube/config", in: environment)]
    }

    /// - Parameter name: of the context; nil for the current one.
    func access(context name: String?) throws(KubernetesConfigError) -> ClusterAccess {
        let contextName: String
        if let name {
            contextName = name
        } else {
            contextName = try currentContext()
        }
        let context = try entry("contexts", contextName, "context", wantedBy: nil)
        guard let clusterName = try context.nonEmptyString("cluster") else {
            throw context.error("cluster", "is missing")
        }
        let cluster = try entry("clusters", clusterName, "cluster", wantedBy: context)
        guard let server = try cluster.nonEmptyString("server") else {
            throw cluster.error("server", "is missing")
        }
        var access = ClusterAccess(
            server: try ClusterAccess.checkedServer(server, cluster.file, key: "\(cluster.path).server")
        )
        access.namespace = try context.nonEmptyString("namespace")
        access.proxy = try proxy(of: cluster)
        access.tls.serverName = try cluster.nonEmptyString("tls-server-name")
        access.tls.insecureSkipVerify = try cluster.bool("insecure-skip-tls-verify") ?? false
        access.tls.certificateAuthority = try pem("certificate-authority", .certificate, of: cluster)
        if access.tls.insecureSkipVerify, access.tls.certificateAuthority != nil {
            throw cluster.error("insecure-skip-tls-verify", "contradicts certificate-authority; remove one of them")
        }
        if let userName = try context.nonEmptyString("user") {
            try apply(try entry("users", userName, "user", wantedBy: context), cluster, to: &access)
        }
        return access
    }

    private func apply(
        _ user: KubeconfigNode,
        _ cluster: KubeconfigNode,
        to access: inout ClusterAccess
    ) throws(KubernetesConfigError) {
        if user.has("auth-provider") {
            throw user.error("auth-provider", "Kubernetes has removed these in 1.26; use the provider's exec plugin")
        }
        access.tls.clientCertificate = try pem("client-certificate", .certificate, of: user)
        access.tls.clientKey = try pem("client-key", .key, of: user)
        if access.tls.clientCertificate != nil, access.tls.clientKey == nil {
            throw user.error("client-key", "is missing, client-certificate needs it")
        }
        if access.tls.clientKey != nil, access.tls.clientCertificate == nil {
            throw user.error("client-certificate", "is missing, client-key needs it")
        }
        if let path = try user.nonEmptyString("tokenFile") {
            let path = resolve(path, against: user.file)
            if try contents(path, user, "tokenFile").trimmingWhitespace().isEmpty {
                throw user.error("tokenFile", "\(path): is empty")
            }
            access.credentials = .tokenFile(path)
        } else if let token = try user.nonEmptyString("token") {
            access.credentials = .token(token)
        } else if let username = try user.nonEmptyString("username") {
            access.credentials = .basic(username: username, password: try user.string("password") ?? "")
        } else if let exec = try user.child("exec") {
            access.credentials = .exec(
                try ExecPlugin(
                    exec,
                    place: user.place(of: "exec"),
                    cluster,
                    access,
                    authority: try authority(of: access, cluster)
                )
            )
        }
        access.impersonation = try ClusterAccess.Impersonation(user)
    }

    private func authority(
        of access: ClusterAccess,
        _ cluster: KubeconfigNode
    ) throws(KubernetesConfigError) -> [UInt8]? {
        switch access.tls.certificateAuthority {
        case .data(let bytes): bytes
        case .file(let path): Array(try contents(path, cluster, "certificate-authority").utf8)
        case nil: nil
        }
    }

    private func proxy(of cluster: KubeconfigNode) throws(KubernetesConfigError) -> String? {
        guard let url = try cluster.nonEmptyString("proxy-url") else { return nil }
        // client-go's schemes (`clientcmd/validation.go`).
        guard ["http://", "https://", "socks5://"].contains(where: url.hasPrefix) else {
            throw cluster.error("proxy-url", "'\(url)' is not an http://, https:// or socks5:// URL")
        }
        return url
    }

    /// `<key>-data`, which is base64, or else the file `<key>`.
    private func pem(
        _ key: String,
        _ kind: PEMKind,
        of node: KubeconfigNode
    ) throws(KubernetesConfigError) -> ClusterAccess.PEM? {
        if let text = try node.nonEmptyString("\(key)-data") {
            guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters), !data.isEmpty else {
                throw node.error("\(key)-data", "is not base64")
            }
            let bytes = [UInt8](data)
            if let problem = kind.problem(String(decoding: bytes, as: UTF8.self)) {
                throw node.error("\(key)-data", problem)
            }
            return .data(bytes)
        }
        guard let path = try node.nonEmptyString(key) else { return nil }
        let resolved = resolve(path, against: node.file)
        if let problem = kind.problem(try contents(resolved, node, key)) {
            throw node.error(key, "\(resolved): \(problem)")
        }
        return .file(resolved)
    }

    private func contents(
        _ path: String,
        _ node: KubeconfigNode,
        _ key: String
    ) throws(KubernetesConfigError) -> String {
        do {
            return String(decoding: try environment.readFile(path), as: UTF8.self)
        } catch {
            throw node.error(key, "\(path): \(error.message)")
        }
    }

    /// Paths in a kubeconfig are relative to the directory it is in.
    private func resolve(_ path: String, against file: String) -> String {
        KubeconfigPath.resolve(path, against: file)
    }

    private func currentContext() throws(KubernetesConfigError) -> String {
        for file in files {
            if let name = try file.nonEmptyString("current-context") { return name }
        }
        throw KubernetesConfigError(names, key: "current-context", "is not set; name the context to use")
    }

    private func entry(
        _ list: String,
        _ name: String,
        _ inner: String,
        wantedBy: KubeconfigNode?
    ) throws(KubernetesConfigError) -> KubeconfigNode {
        for file in files {
            if let entry = try file.entry(list, named: name, inner) { return entry }
        }
        throw KubernetesConfigError(
            wantedBy?.file ?? names,
            key: wantedBy?.path,
            "there is no entry '\(name)' in \(list)"
        )
    }

    private var names: String {
        files.map(\.file).joined(separator: ":")
    }

    private static func read(
        _ path: String,
        in environment: ClusterEnvironment
    ) throws(KubernetesConfigError) -> KubeconfigNode {
        guard let file = try readIfThere(path, in: environment) else {
            throw KubernetesConfigError(path, "no such file; set KUBECONFIG or name the kubeconfig file")
        }
        return file
    }

    private static func readIfThere(
        _ path: String,
        in environment: ClusterEnvironment
    ) throws(KubernetesConfigError) -> KubeconfigNode? {
        do {
            let text = String(decoding: try environment.readFile(path), as: UTF8.self)
            return try KubeconfigNode(yaml: text, file: path)
        } catch let error as ClusterEnvironment.FileError {
            if error.isMissing { return nil }
            throw KubernetesConfigError(path, error.message)
        } catch let error as KubernetesConfigError {
            throw error
        } catch {
            throw KubernetesConfigError(path, "\(error)")
        }
    }
}
