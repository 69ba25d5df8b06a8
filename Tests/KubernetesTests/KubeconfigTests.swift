import Kubernetes
import Testing

@Suite struct KubeconfigTests {
    private let settings = ClusterAccessSettings(authType: .kubeConfig)

    /// A kubeconfig with one context, cluster and user.
    private func config(cluster: String = "", user: String = "", context: String = "") -> String {
        """
        apiVersion: v1
        kind: Config
        current-context: dev
        contexts:
        - name: dev
          context: {cluster: c1, user: u1\(context.isEmpty ? "" : ", \(context)")}
        clusters:
        - name: c1
          cluster:
            server: https://c1.example:6443
            \(cluster)
        users:
        - name: u1
          user: {\(user)}
        """
    }

    private func access(
        _ files: [String: String],
        _ variables: [String: String] = ["HOME": "/home/a"],
        _ settings: ClusterAccessSettings? = nil
    ) throws(KubernetesConfigError) -> ClusterAccess {
        try (settings ?? self.settings).access(in: TestFiles(files).environment(variables))
    }

    private func error(_ files: [String: String], _ variables: [String: String] = ["HOME": "/home/a"]) -> String? {
        #expect(throws: KubernetesConfigError.self) { try access(files, variables) }?.description
    }

    @Test func readsTheCurrentContextOfTheDefaultFile() throws {
        let yaml = config(
            cluster: "tls-server-name: kube\n    proxy-url: http://proxy:3128",
            user: "token: 12345",
            context: "namespace: ci"
        )
        let access = try access(["/home/a/.kube/config": yaml])
        var expected = ClusterAccess(server: "https://c1.example:6443")
        expected.tls.serverName = "kube"
        expected.proxy = "http://proxy:3128"
        expected.credentials = .token("12345")
        expected.namespace = "ci"
        #expect(access == expected)
        #expect(!access.tls.insecureSkipVerify)
    }

    @Test func pathsAreRelativeToTheFileThatNamesThem() throws {
        let yaml = config(
            cluster: "certificate-authority: pki/ca.crt",
            user: "tokenFile: token, client-certificate: /abs/crt, client-key: ../key"
        )
        let files = [
            "/k/cfg": yaml, "/k/pki/ca.crt": PEM.certificate, "/k/token": "t", "/abs/crt": PEM.certificate,
            "/k/../key": PEM.key,
        ]
        let access = try access(files, ["KUBECONFIG": "/k/cfg"])
        #expect(access.tls.certificateAuthority == .file("/k/pki/ca.crt"))
        #expect(access.tls.clientCertificate == .file("/abs/crt"))
        #expect(access.tls.clientKey == .file("/k/../key"))
        #expect(access.credentials == .tokenFile("/k/token"))
    }

    @Test func embeddedDataComesBeforeFiles() throws {
        let certificate = PEM.base64(PEM.certificate)
        let yaml = config(
            cluster: "certificate-authority: missing\n    certificate-authority-data: \(certificate)",
            user: "client-certificate-data: \(certificate), client-key-data: \(PEM.base64(PEM.key))"
        )
        let access = try access(["/home/a/.kube/config": yaml])
        #expect(access.tls.certificateAuthority == .data(Array(PEM.certificate.utf8)))
        #expect(access.tls.clientCertificate == .data(Array(PEM.certificate.utf8)))
        #expect(access.tls.clientKey == .data(Array(PEM.key.utf8)))
    }

    @Test func ofSeveralFilesTheFirstWinsAndMissingOnesAreLeftOut() throws {
        let first = """
            contexts: [{name: prod, context: {cluster: c1, user: u1}}]
            users: [{name: u1, user: {username: first, password: p}}]
            """
        let second = config(user: "token: second")
        let variables = ["KUBECONFIG": "/missing:/one:/two"]
        let files = ["/one": first, "/two": second]
        var settings = settings
        settings.context = "prod"
        let access = try access(files, variables, settings)
        #expect(access.server == "https://c1.example:6443")
        #expect(access.credentials == .basic(username: "first", password: "p"))
        // The current context is the second file's, its user the first's.
        #expect(try self.access(files, variables).credentials == .basic(username: "first", password: "p"))
    }

    @Test func anExplicitPathComesBeforeTheEnvironment() throws {
        var settings = settings
        settings.kubeconfig = "/explicit"
        let files = ["/explicit": config(user: "token: right"), "/other": config(user: "token: wrong")]
        #expect(try access(files, ["KUBECONFIG": "/other"], settings).credentials == .token("right"))
    }

    @Test func certificatesAreCheckedUnlessSaidOtherwise() throws {
        let yaml = config(cluster: "insecure-skip-tls-verify: true")
        #expect(try access(["/home/a/.kube/config": yaml]).tls.insecureSkipVerify)
        #expect(try !access(["/home/a/.kube/config": config()]).tls.insecureSkipVerify)
        let text = error(["/home/a/.kube/config": config(cluster: "insecure-skip-tls-verify: yes please")])
        #expect(text?.contains("clusters[c1].cluster.insecure-skip-tls-verify: 'yes please' is neither") == true)
    }

    @Test func impersonationIsRead() throws {
        let user =
            "token: t, as: jane, as-uid: 7, as-groups: [dev, admin], "
            + "as-user-extra: {scopes: [view], a/b: [c, d]}"
        var expected = ClusterAccess.Impersonation(user: "jane")
        expected.uid = "7"
        expected.groups = ["dev", "admin"]
        expected.extra = ["scopes": ["view"], "a/b": ["c", "d"]]
        #expect(try access(["/home/a/.kube/config": config(user: user)]).impersonation == expected)
    }

    @Test func anExecPluginIsRead() throws {
        let user = """
            exec: {apiVersion: client.authentication.k8s.io/v1, command: aws, args: [eks, get-token], \
            env: [{name: AWS_PROFILE, value: ci}], interactiveMode: Never, installHint: get it, provideClusterInfo: true}
            """
        let cluster = """
            certificate-authority-data: \(PEM.base64(PEM.certificate))
                tls-server-name: kube
                extensions:
                - name: client.authentication.k8s.io/exec
                  extension: {audience: "a\\"b", level: 3, more: [true, null, 1.5]}
            """
        let access = try access(["/home/a/.kube/config": config(cluster: cluster, user: user)])
        guard case .exec(let plugin) = access.credentials else {
            Issue.record("\(access.credentials)")
            return
        }
        #expect(plugin.command == "aws")
        #expect(plugin.arguments == ["eks", "get-token"])
        #expect(plugin.environment == ["AWS_PROFILE": "ci"])
        #expect(plugin.installHint == "get it")
        #expect(
            plugin.clusterInfo == #"{"server":"https://c1.example:6443","tls-server-name":"kube","#
                + #""certificate-authority-data":"\#(PEM.base64(PEM.certificate))","#
                + #""config":{"audience":"a\"b","level":3,"more":[true,null,1.5]}}"#
        )
        #expect(plugin.place.hasSuffix("users[u1].user.exec"), "\(plugin.place)")
    }

    @Test(
        "a plugin's path is relative to the file, a name is looked up",
        arguments: [("bin/plugin", "/home/a/.kube/bin/plugin"), ("./p", "/home/a/.kube/./p"), ("/p", "/p"), ("p", "p")]
    )
    func execCommand(written: String, command: String) throws {
        let user = "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: \(written)}"
        let access = try access(["/home/a/.kube/config": config(user: user)])
        guard case .exec(let plugin) = access.credentials else {
            Issue.record("\(access.credentials)")
            return
        }
        #expect(plugin.command == command)
        #expect(plugin.clusterInfo == nil)
    }

    @Test(
        "errors name file and key",
        arguments: [
            ("user: {}", "current-context: is not set"),
            ("current-context: x", "there is no entry 'x' in contexts"),
            ("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]", "there is no entry 'c' in clusters"),
            ("current-context: x\ncontexts: [{name: x}]", "contexts[x].cluster: is missing"),
            ("current-context: x\ncontexts: {x: {}}", "contexts: a list is expected"),
            ("current-context: [x]", "current-context: a string is expected"),
            ("- a", "is not a kubeconfig"),
            ("{", "is not YAML"),
        ]
    )
    func badFile(yaml: String, message: String) {
        let text = error(["/home/a/.kube/config": yaml])
        #expect(text?.hasPrefix("/home/a/.kube/config") == true)
        #expect(text?.contains(message) == true, "\(text ?? "")")
    }

    private static let v1 = "apiVersion: client.authentication.k8s.io/v1"

    /// Everything that can be wrong in a cluster and a user, with what is said about it.
    @Test(
        "bad values name file and key",
        arguments: [
            ("certificate-authority: nowhere", "", "certificate-authority: /home/a/.kube/nowhere: no such file"),
            ("certificate-authority: rubbish", "", "/home/a/.kube/rubbish: holds no certificate in PEM form"),
            ("certificate-authority-data: '%'", "", "certificate-authority-data: is not base64"),
            ("certificate-authority-data: Q0E=", "", "certificate-authority-data: holds no certificate in PEM form"),
            ("proxy-url: proxy:3128", "", "'proxy:3128' is not an http://, https:// or socks5:// URL"),
            ("", "client-certificate: crt", "users[u1].user.client-key: is missing"),
            ("", "client-key: key", "users[u1].user.client-certificate: is missing"),
            ("", "client-key: crt, client-certificate: crt", "/home/a/.kube/crt: holds no key in PEM form"),
            ("", "client-certificate: crt, client-key: locked", "/home/a/.kube/locked: the key is encrypted"),
            ("", "tokenFile: gone", "users[u1].user.tokenFile: /home/a/.kube/gone: no such file"),
            ("", "tokenFile: empty", "users[u1].user.tokenFile: /home/a/.kube/empty: is empty"),
            ("", "auth-provider: {name: gcp}", "users[u1].user.auth-provider: Kubernetes has removed these in 1.26"),
            ("", "as-groups: [a]", "users[u1].user.as-groups: needs 'as'"),
            ("", "as: jane, as-groups: a", "users[u1].user.as-groups: a list of strings is expected"),
            ("", "as: jane, as-user-extra: [a]", "users[u1].user.as-user-extra: a mapping is expected"),
            ("", "exec: aws", "users[u1].user.exec: a mapping is expected"),
            ("", "exec: {\(v1)}", "users[u1].user.exec.command: is missing"),
            ("", "exec: {command: aws}", "users[u1].user.exec.apiVersion: is missing"),
            (
                "", "exec: {command: aws, apiVersion: client.authentication.k8s.io/v1alpha1}",
                "users[u1].user.exec.apiVersion: 'client.authentication.k8s.io/v1alpha1' is not supported"
            ),
            ("", "exec: {\(v1), command: aws}", "users[u1].user.exec.interactiveMode: is missing"),
            (
                "", "exec: {\(v1), command: aws, interactiveMode: Always}",
                "users[u1].user.exec.interactiveMode: the plugin wants a terminal"
            ),
            (
                "", "exec: {\(v1), command: aws, interactiveMode: never}",
                "users[u1].user.exec.interactiveMode: 'never' is none of Never, IfAvailable and Always"
            ),
            (
                "", "exec: {\(v1), command: aws, interactiveMode: Never, env: [{value: x}]}",
                "users[u1].user.exec.env[0].name: the name of a variable is expected"
            ),
            (
                "insecure-skip-tls-verify: true\n    certificate-authority: crt", "",
                "contradicts certificate-authority"
            ),
        ]
    )
    func badValue(cluster: String, user: String, message: String) {
        let files = [
            "/home/a/.kube/config": config(cluster: cluster, user: user), "/home/a/.kube/crt": PEM.certificate,
            "/home/a/.kube/key": PEM.key, "/home/a/.kube/locked": PEM.encryptedKey, "/home/a/.kube/rubbish": "CA",
            "/home/a/.kube/empty": " \n",
        ]
        let text = error(files)
        #expect(text?.contains(message) == true, "\(text ?? "")")
        #expect(text?.hasPrefix("/home/a/.kube/config:") == true, "\(text ?? "")")
    }

    @Test func missingFilesSayWhatToDo() {
        #expect(error([:], [:]) == "KUBECONFIG: is not set, nor is HOME; name the kubeconfig file")
        #expect(error([:], ["KUBECONFIG": "/a:/b"]) == "KUBECONFIG: none of the files in '/a:/b' exists")
        #expect(error([:])?.hasPrefix("/home/a/.kube/config: no such file") == true)
    }
}
