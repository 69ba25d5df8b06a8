import Kubernetes
import Testing

@Suite struct ServiceAccountTests {
    private let directory = "/var/run/secrets/kubernetes.io/serviceaccount"
    private let settings = ClusterAccessSettings(authType: .serviceAccount)

    private func files() -> TestFiles {
        TestFiles([
            "\(directory)/token": "secret\n", "\(directory)/ca.crt": PEM.certificate, "\(directory)/namespace": "ci",
        ])
    }

    @Test(
        "the server's address comes from the environment",
        arguments: [("10.0.0.1", "https://10.0.0.1:443"), ("fd00::1", "https://[fd00::1]:443")]
    )
    func inCluster(host: String, server: String) throws {
        let variables = ["KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "443"]
        let access = try settings.access(in: files().environment(variables))
        var expected = ClusterAccess(server: server)
        expected.credentials = .tokenFile("\(directory)/token")
        expected.tls.certificateAuthority = .file("\(directory)/ca.crt")
        expected.namespace = "ci"
        #expect(access == expected)
    }

    @Test func outsideOfAPodTheErrorSaysWhatToDo() {
        let error = #expect(throws: KubernetesConfigError.self) {
            try settings.access(in: files().environment())
        }
        #expect(error?.source == "KUBERNETES_SERVICE_HOST")
        #expect(error?.message.contains("use auth_type: kubeConfig") == true)
    }

    @Test("token and CA must be there, the namespace need not", arguments: ["token", "ca.crt"])
    func missingFile(name: String) throws {
        let variables = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        let files = files()
        files["\(directory)/namespace"] = nil
        #expect(try settings.access(in: files.environment(variables)).namespace == nil)
        files["\(directory)/\(name)"] = nil
        let error = #expect(throws: KubernetesConfigError.self) {
            try settings.access(in: files.environment(variables))
        }
        #expect(error?.source == "\(directory)/\(name)")
        #expect(error?.message.contains("automountServiceAccountToken") == true)
    }

    @Test func anAuthorityThatIsNoneIsNamed() throws {
        let variables = ["KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"]
        let files = files()
        files["\(directory)/ca.crt"] = "nothing"
        let error = #expect(throws: KubernetesConfigError.self) {
            try settings.access(in: files.environment(variables))
        }
        #expect(error?.description == "\(directory)/ca.crt: holds no certificate in PEM form")
    }

    @Test func noneNeedsAServer() throws {
        var settings = ClusterAccessSettings(authType: .none, apiServer: "http://127.0.0.1:8001/")
        #expect(try settings.access(in: files().environment()) == ClusterAccess(server: "http://127.0.0.1:8001"))
        for wrong in [nil, "", "127.0.0.1:8001", "https://"] {
            settings.apiServer = wrong
            let error = #expect(throws: KubernetesConfigError.self) { try settings.access(in: files().environment()) }
            #expect(error?.source == "api_server")
        }
    }
}
