import FoundationEssentials

extension ExecPlugin {
    /// Reads `users[].user.exec`. The rules are those of client-go (`clientcmd/validation.go`, `exec.go`).
    ///
    /// - Parameters:
    ///   - access: what is known of the cluster, for `provideClusterInfo`.
    ///   - authority: its certificates, PEM.
    init(
        _ exec: KubeconfigNode,
        place: String,
        _ cluster: KubeconfigNode,
        _ access: ClusterAccess,
        authority: [UInt8]?
    ) throws(KubernetesConfigError) {
        guard let command = try exec.nonEmptyString("command") else { throw exec.error("command", "is missing") }
        guard let apiVersion = try exec.nonEmptyString("apiVersion") else {
            throw exec.error("apiVersion", "is missing; such as \(Version.v1.rawValue)")
        }
        guard let version = Version(rawValue: apiVersion) else {
            let known = Version.allCases.map(\.rawValue).joined(separator: " or ")
            throw exec.error("apiVersion", "'\(apiVersion)' is not supported; \(known) is")
        }
        switch try exec.nonEmptyString("interactiveMode") {
        case "Never", "IfAvailable": break
        case nil:
            guard version == .v1beta1 else {
                throw exec.error("interactiveMode", "is missing: Never, IfAvailable or Always")
            }
        case "Always":
            throw exec.error("interactiveMode", "the plugin wants a terminal (Always), and there is none here")
        case .some(let mode):
            throw exec.error("interactiveMode", "'\(mode)' is none of Never, IfAvailable and Always")
        }
        self.init(
            version: version,
            // Only a path is relative to the file; a name is looked up in PATH.
            command: command.contains("/") ? KubeconfigPath.resolve(command, against: exec.file) : command,
            place: place
        )
        arguments = try exec.strings("args")
        for entry in try exec.children("env") {
            guard let name = try entry.nonEmptyString("name"), !name.contains("=") else {
                throw entry.error("name", "the name of a variable is expected")
            }
            environment[name] = try entry.string("value") ?? ""
        }
        installHint = try exec.nonEmptyString("installHint")
        if try exec.bool("provideClusterInfo") ?? false { clusterInfo = try Self.info(cluster, access, authority) }
    }

    /// The fields of `Cluster` in client.authentication.k8s.io, with the certificate authority as data, and as `config` the
    /// cluster's extension that is meant for plugins.
    private static func info(
        _ cluster: KubeconfigNode,
        _ access: ClusterAccess,
        _ authority: [UInt8]?
    ) throws(KubernetesConfigError) -> String {
        var fields = [("server", JSONText.string(access.server))]
        if let name = access.tls.serverName { fields.append(("tls-server-name", JSONText.string(name))) }
        if access.tls.insecureSkipVerify { fields.append(("insecure-skip-tls-verify", "true")) }
        if let authority {
            fields.append(("certificate-authority-data", JSONText.string(Data(authority).base64EncodedString())))
        }
        if let proxy = access.proxy { fields.append(("proxy-url", JSONText.string(proxy))) }
        for entry in try cluster.children("extensions")
        where try entry.string("name") == "client.authentication.k8s.io/exec" {
            if let config = entry.json("extension") { fields.append(("config", config)) }
        }
        return "{" + fields.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }
}

extension ClusterAccess.Impersonation {
    /// Reads the `as` keys of a user; nil when there are none.
    init?(_ user: KubeconfigNode) throws(KubernetesConfigError) {
        guard let name = try user.nonEmptyString("as") else {
            for key in ["as-uid", "as-groups", "as-user-extra"] where user.has(key) {
                throw user.error(key, "needs 'as', the name of the user")
            }
            return nil
        }
        self.init(user: name)
        uid = try user.nonEmptyString("as-uid")
        groups = try user.strings("as-groups")
        if let extra = try user.child("as-user-extra") {
            for key in extra.keys { self.extra[key] = try extra.strings(key) }
        }
    }
}
