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
        let files = ["/k/cfg": yaml, "/k/pki/ca.crt": "CA", "/k/token": "t", "/abs/crt": "C", "/k/../key": "K"]
        let access = try access(files, ["KUBECONFIG": "/k/cfg"])
        #expect(access.tls.certificateAuthority == .file("/k/pki/ca.crt"))
        #expect(access.tls.clientCertificate == .file("/abs/crt"))
        #expect(access.tls.clientKey == .file("/k/../key"))
        #expect(access.credentials == .tokenFile("/k/token"))
    }

    @Test func embeddedDataComesBeforeFiles() throws {
        let yaml = config(
            cluster: "certificate-authority: missing\n    certificate-authority-data: Q0E=",
            user: "client-certificate-data: Q1JU, client-key-data: S0VZ"
        )
        let access = try access(["/home/a/.kube/config": yaml])
        #expect(access.tls.certificateAuthority == .data(Array("CA".utf8)))
        #expect(access.tls.clientCertificate == .data(Array("CRT".utf8)))
        #expect(access.tls.clientKey == .data(Array("KEY".utf8)))
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

    @Test(
        "what is not supported is refused by name",
        arguments: ["exec: {command: aws}", "auth-provider: {name: gcp}", "as: admin"]
    )
    func unsupported(user: String) {
        let text = error(["/home/a/.kube/config": config(user: user)])
        let key = user.prefix { $0 != ":" }
        #expect(
            text?.hasPrefix("/home/a/.kube/config:14: users[u1].user.\(key): is not supported yet") == true,
            "\(text ?? "")"
        )
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

    @Test(
        "bad values name file and key",
        arguments: [
            ("certificate-authority: nowhere", "", "certificate-authority: /home/a/.kube/nowhere: no such file"),
            ("certificate-authority-data: '%'", "", "certificate-authority-data: is not base64"),
            ("", "client-certificate-data: Q0E=", "users[u1].user.client-key: is missing"),
            ("", "client-key-data: Q0E=", "users[u1].user.client-certificate: is missing"),
            ("", "tokenFile: gone", "users[u1].user.tokenFile: /home/a/.kube/gone: no such file"),
            (
                "insecure-skip-tls-verify: true\n    certificate-authority-data: Q0E=", "",
                "contradicts certificate-authority"
            ),
        ]
    )
    func badValue(cluster: String, user: String, message: String) {
        let text = error(["/home/a/.kube/config": config(cluster: cluster, user: user)])
        #expect(text?.contains(message) == true, "\(text ?? "")")
    }

    @Test func missingFilesSayWhatToDo() {
        #expect(error([:], [:]) == "KUBECONFIG: is not set, nor is HOME; name the kubeconfig file")
        #expect(error([:], ["KUBECONFIG": "/a:/b"]) == "KUBECONFIG: none of the files in '/a:/b' exists")
        #expect(error([:])?.hasPrefix("/home/a/.kube/config: no such file") == true)
    }
}
