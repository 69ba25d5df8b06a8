import FoundationEssentials
import HTTPClient
import Logging
import NIOHTTP1
import NIOSSL
import Synchronization
import Testing

@testable import Kubernetes

@Suite("TLS to the API server", .timeLimit(.minutes(1)))
struct ClusterTLSTests {
    private let logs = LogRecorder()

    private func client(_ access: ClusterAccess) throws -> KubernetesClient {
        var access = access
        // Whatever the environment says.
        if access.proxy == nil { access.proxy = "" }
        return try KubernetesClient(access: access, userAgent: "steptrace/test", logger: logs.logger)
    }

    private static func access(_ url: String, ca: String? = "ca") -> ClusterAccess {
        var access = ClusterAccess(server: url)
        access.tls.certificateAuthority = ca.map { .file(TLSServer.fixture("\($0).crt")) }
        return access
    }

    /// Asks once; the error's text, nil for none.
    private func ask(_ access: ClusterAccess) async throws -> String? {
        let client = try client(access)
        do {
            #expect(try await client.preferredVersion(of: Build.resource) == "v1")
            return nil
        } catch {
            return error.message
        }
    }

    @Test("the server is verified, by name and address", arguments: ["127.0.0.1", "localhost"])
    func verified(host: String) async throws {
        let server = try TLSServer(certificate: "server")
        let port = try await server.start()
        #expect(try await ask(Self.access("https://\(host):\(port)")) == nil)
        #expect(server.requests.map(\.line) == ["GET /apis/test.dev"])
        #expect(logs.lines.isEmpty)
        try await server.stop()
    }

    @Test func anIPv6AddressDoesToo() async throws {
        let server = try TLSServer(certificate: "server")
        let port = try await server.start(host: "::1")
        let variables = ["KUBERNETES_SERVICE_HOST": "::1", "KUBERNETES_SERVICE_PORT": "\(port)"]
        let directory = "/var/run/secrets/kubernetes.io/serviceaccount"
        let ca = try String(contentsOf: URL(filePath: TLSServer.fixture("ca.crt")), encoding: .utf8)
        let files = TestFiles(["\(directory)/token": "t", "\(directory)/ca.crt": ca])
        var access = try ClusterAccessSettings().access(in: files.environment(variables))
        access.tls.certificateAuthority = .data(Array(ca.utf8))
        access.credentials = .token("t")
        #expect(try await ask(access) == nil)
        #expect(server.requests.first?.headers["Host"] == ["[::1]:\(port)"])
        // The same with another name than the address.
        try server.use(certificate: "kube.test")
        access.tls.serverName = "kube.test"
        #expect(try await ask(access) == nil)
        #expect(server.requests.last?.headers["Host"] == ["[::1]:\(port)"])
        try await server.stop()
    }

    @Test("who is not who it should be is refused, with what to do")
    func refused() async throws {
        let server = try TLSServer(certificate: "kube.test")
        let port = try await server.start()
        let url = "https://127.0.0.1:\(port)"
        var named = Self.access(url)
        named.tls.serverName = "kube.test"
        var misnamed = Self.access(url)
        misnamed.tls.serverName = "other.test"
        for (access, problem) in [
            (Self.access(url), "127.0.0.1"), (misnamed, "other.test"),
            (Self.access(url, ca: "other-ca"), "certificate"), (Self.access(url, ca: nil), "certificate"),
        ] {
            let text = try await ask(access) ?? "no error"
            #expect(text.hasPrefix("cannot reach the API server at \(url): "), "\(text)")
            #expect(text.contains(problem), "\(text)")
            #expect(text.contains("check certificate authority, client certificate and server name"), "\(text)")
        }
        #expect(server.requests.isEmpty)
        #expect(try await ask(named) == nil)
        try await server.stop()
    }

    @Test func withoutVerificationAnyIsAcceptedAndItIsSaid() async throws {
        let server = try TLSServer(certificate: "other-server")
        let port = try await server.start()
        var access = Self.access("https://127.0.0.1:\(port)", ca: nil)
        access.tls.insecureSkipVerify = true
        #expect(try await ask(access) == nil)
        #expect(logs.lines.first?.hasPrefix("warning: The API server's certificate is not verified") == true)
        try await server.stop()
    }

    @Test("a client certificate is shown, from files and as data")
    func clientCertificate() async throws {
        let server = try TLSServer(certificate: "server", clientCA: "ca")
        let port = try await server.start()
        var access = Self.access("https://127.0.0.1:\(port)")
        let text = try await ask(access)
        #expect(text != nil)
        access.tls.clientCertificate = .file(TLSServer.fixture("client.crt"))
        access.tls.clientKey = .file(TLSServer.fixture("client.key"))
        #expect(try await ask(access) == nil)
        let certificate = try Data(contentsOf: URL(filePath: TLSServer.fixture("client.crt")))
        access.tls.clientCertificate = .data(Array(certificate))
        access.tls.clientKey = .data(Array(try Data(contentsOf: URL(filePath: TLSServer.fixture("client.key")))))
        #expect(try await ask(access) == nil)
        let shown = try TLSServer.certificate("client")
        #expect(server.requests.map(\.certificate) == [shown, shown])
        // A key of another certificate.
        access.tls.clientKey = .file(TLSServer.fixture("new-client.key"))
        access.tls.clientCertificate = .file(TLSServer.fixture("client.crt"))
        #expect(try await ask(access)?.contains("cannot reach the API server") == true)
        try await server.stop()
    }

    // MARK: - Rotation

    /// A folder whose files change, and a clock.
    private final class Rotation: Sendable {
        let folder: String
        private let uptime = Mutex(Duration.zero)

        init() throws {
            folder = URL.temporaryDirectory.appending(path: "steptrace-tls-\(UInt64.random(in: 0 ... .max))").path
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func put(_ fixture: String, as name: String) throws {
            try Data(contentsOf: URL(filePath: TLSServer.fixture(fixture)))
                .write(to: URL(filePath: "\(folder)/\(name)"), options: .atomic)
        }

        var now: Duration {
            get { uptime.withLock { $0 } }
            set { uptime.withLock { $0 = newValue } }
        }

        func client(_ access: ClusterAccess, _ logger: Logger) throws -> KubernetesClient {
            var access = access
            access.proxy = ""
            let environment = ClusterEnvironment.process
            let authorization = Authorization(access, in: environment, logger: logger)
            let transport = try ClusterTransport(
                access,
                in: environment,
                now: { self.now },
                issued: { authorization.certificate },
                logger: logger
            )
            return KubernetesClient(
                access: access,
                authorization: authorization,
                transport: transport,
                userAgent: "steptrace/test"
            )
        }
    }

    @Test("a client certificate that has changed is used within a minute, and what is under way goes on")
    func clientCertificateRotation() async throws {
        let rotation = try Rotation()
        try rotation.put("client.crt", as: "tls.crt")
        try rotation.put("client.key", as: "tls.key")
        let server = try TLSServer(certificate: "server", clientCA: "ca")
        var access = Self.access("https://127.0.0.1:\(try await server.start())")
        access.tls.clientCertificate = .file("\(rotation.folder)/tls.crt")
        access.tls.clientKey = .file("\(rotation.folder)/tls.key")
        let client = try rotation.client(access, logs.logger)

        let request = ReflectorStateMachine.WatchRequest(resourceVersion: "1", timeoutSeconds: 300)
        let watch = try await client.watch(Build.resource, version: "v1", ObjectSelection(), request)
        _ = try await client.preferredVersion(of: Build.resource)
        try rotation.put("new-client.crt", as: "tls.crt")
        try rotation.put("new-client.key", as: "tls.key")
        rotation.now = .seconds(59)
        _ = try await client.preferredVersion(of: Build.resource)
        rotation.now = .seconds(60)
        _ = try await client.preferredVersion(of: Build.resource)
        _ = try await client.preferredVersion(of: Build.resource)
        let old = try TLSServer.certificate("client")
        let new = try TLSServer.certificate("new-client")
        #expect(server.requests.map(\.certificate) == [old, old, old, new, new])
        #expect(logs.lines == ["info: New connections to the API server use the certificates that have changed"])

        server.tell("still here")
        var text = ""
        for try await chunk in watch.body {
            text += String(decoding: chunk, as: UTF8.self)
            if text.hasSuffix("\n") { break }
        }
        #expect(text == "still here\n")
        try await server.stop()
    }

    @Test("a 401 has the files looked at at once; one that cannot be read is kept as it was")
    func rejection() async throws {
        let rotation = try Rotation()
        try rotation.put("client.crt", as: "tls.crt")
        try rotation.put("client.key", as: "tls.key")
        let server = try TLSServer(certificate: "server", clientCA: "ca")
        var access = Self.access("https://127.0.0.1:\(try await server.start())")
        access.tls.clientCertificate = .file("\(rotation.folder)/tls.crt")
        access.tls.clientKey = .file("\(rotation.folder)/tls.key")
        let client = try rotation.client(access, logs.logger)
        _ = try await client.preferredVersion(of: Build.resource)

        try FileManager.default.removeItem(atPath: "\(rotation.folder)/tls.crt")
        rotation.now = .seconds(60)
        _ = try await client.preferredVersion(of: Build.resource)
        #expect(
            logs.lines == [
                "warning: cannot read the certificate, going on with the last one file=\(rotation.folder)/tls.crt"
            ]
        )
        try rotation.put("new-client.crt", as: "tls.crt")
        try rotation.put("new-client.key", as: "tls.key")
        server.answer(.unauthorized)
        let error = await #expect(throws: KubernetesError.self) {
            try await client.preferredVersion(of: Build.resource)
        }
        #expect(error?.kind == .unauthorized)
        _ = try await client.preferredVersion(of: Build.resource)
        #expect(server.requests.last?.certificate == (try TLSServer.certificate("new-client")))
        try await server.stop()
    }

    @Test("an authority that has changed is trusted with the next connection")
    func authorityRotation() async throws {
        let rotation = try Rotation()
        try rotation.put("ca.crt", as: "ca.crt")
        let server = try TLSServer(certificate: "server")
        var access = Self.access("https://127.0.0.1:\(try await server.start())")
        access.tls.certificateAuthority = .file("\(rotation.folder)/ca.crt")
        let client = try rotation.client(access, logs.logger)
        _ = try await client.preferredVersion(of: Build.resource)
        try server.use(certificate: "other-server")
        try rotation.put("other-ca.crt", as: "ca.crt")
        rotation.now = .seconds(60)
        _ = try await client.preferredVersion(of: Build.resource)
        #expect(server.connectionCount == 2)
        try await server.stop()
    }

    @Test("the certificate of an exec plugin is shown, and another after a 401")
    func execCertificate() async throws {
        let rotation = try Rotation()
        for name in ["client", "new-client"] {
            for kind in ["crt", "key"] { try rotation.put("\(name).\(kind)", as: "\(name).\(kind)") }
        }
        let script = """
            cd \(rotation.folder); [ -e asked ] && name=new-client || name=client; touch asked
            text() { awk '{printf "%s\\\\n", $0}' "$1"; }
            printf '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{'
            printf '"clientCertificateData":"%s","clientKeyData":"%s"}}' "$(text $name.crt)" "$(text $name.key)"
            """
        var plugin = ExecPlugin(command: "/bin/sh")
        plugin.arguments = ["-c", script]
        let server = try TLSServer(certificate: "server", clientCA: "ca")
        var access = Self.access("https://127.0.0.1:\(try await server.start())")
        access.credentials = .exec(plugin)
        let client = try rotation.client(access, logs.logger)
        _ = try await client.preferredVersion(of: Build.resource)
        server.answer(.unauthorized)
        _ = try await client.preferredVersion(of: Build.resource)
        let old = try TLSServer.certificate("client")
        #expect(server.requests.map(\.certificate) == [old, old, try TLSServer.certificate("new-client")])
        try await server.stop()
    }

    @Test func aProxyIsAskedInsteadOfTheServer() async throws {
        let proxy = FakeAPIServer()
        let port = try await proxy.start()
        var access = ClusterAccess(server: "http://api.invalid")
        access.proxy = "http://127.0.0.1:\(port)"
        // Its answer to any but the discovery's path is a list.
        let text = try await ask(access)
        #expect(text?.contains("versions") == true, "\(text ?? "")")
        #expect(proxy.listCount == 1)
        try await proxy.stop()
    }

    @Test(
        "a tunnel through a proxy ends at the server, which is verified, and is used again by what follows",
        arguments: [
            ("http://127.0.0.1", "CONNECT localhost:PORT"),
            ("http://me:secret@127.0.0.1", "CONNECT localhost:PORT Proxy-Authorization: Basic bWU6c2VjcmV0"),
            ("socks5://127.0.0.1", "SOCKS 5 localhost:PORT"),
        ]
    )
    func tunnel(proxyURL: String, request: String) async throws {
        let proxy = TunnelProxy()
        let server = try TLSServer(certificate: "server", clientCA: "ca")
        let port = try await server.start()
        var access = Self.access("https://localhost:\(port)")
        access.tls.clientCertificate = .file(TLSServer.fixture("client.crt"))
        access.tls.clientKey = .file(TLSServer.fixture("client.key"))
        access.proxy = "\(proxyURL):\(try await proxy.start())"
        let client = try client(access)
        _ = try await client.preferredVersion(of: Build.resource)
        _ = try await client.preferredVersion(of: Build.resource)
        #expect(proxy.requests == [request.replacing("PORT", with: "\(port)")])
        #expect(server.connectionCount == 1)
        // The login is for the proxy alone.
        #expect(server.requests.allSatisfy { $0.headers["Proxy-Authorization"].isEmpty })
        let shown = try TLSServer.certificate("client")
        #expect(server.requests.map(\.certificate) == [shown, shown])

        access.tls.certificateAuthority = .file(TLSServer.fixture("other-ca.crt"))
        #expect(try await ask(access)?.contains("check certificate authority") == true)
        #expect(server.requests.count == 2)
        try await proxy.stop()
        let text = try await ask(access) ?? ""
        #expect(text.hasPrefix("cannot reach the API server at https://localhost:\(port): "), "\(text)")
        try await server.stop()
    }
}
