import Replay
import Testing

/// A certificate authority with certificates of servers and a client, and a client of an authority that nobody trusts.
/// Made by openssl.
struct Certificates {
    static let name = "backend.test"

    private let folder: TemporaryFolder

    init() async throws {
        folder = try TemporaryFolder()
        try await authority("ca")
        // TLS libraries of today want the name among the subject's alternative names.
        try await certificate("server", by: "ca", names: "DNS:localhost,IP:127.0.0.1")
        try await certificate("named", by: "ca", names: "DNS:\(Self.name)")
        try await certificate("client", by: "ca", names: "DNS:client")
        try await authority("stranger-ca")
        try await certificate("stranger", by: "stranger-ca", names: "DNS:client")
    }

    var authority: String { path("ca.pem") }
    var strangeAuthority: String { path("stranger-ca.pem") }
    var server: (certificate: String, key: String) { (path("server.pem"), path("server.key")) }
    /// Not for the address it is reached by, only for `name`.
    var named: (certificate: String, key: String) { (path("named.pem"), path("named.key")) }
    var client: (certificate: String, key: String) { (path("client.pem"), path("client.key")) }
    var stranger: (certificate: String, key: String) { (path("stranger.pem"), path("stranger.key")) }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    private func authority(_ name: String) async throws {
        try await openssl(name, ["-addext", "keyUsage=critical,keyCertSign,cRLSign"])
    }

    private func certificate(_ name: String, by authority: String, names: String) async throws {
        try await openssl(
            name,
            [
                "-CA", path("\(authority).pem"), "-CAkey", path("\(authority).key"),
                "-addext", "subjectAltName=\(names)", "-addext", "basicConstraints=critical,CA:FALSE",
            ]
        )
    }

    private func openssl(_ name: String, _ arguments: [String]) async throws {
        let process = try await Peers.system(
            [
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc",
                "-days", "2", "-subj", "/CN=\(name)", "-keyout", path("\(name).key"), "-out", path("\(name).pem"),
            ] + arguments
        )
        try #require(await process.waitForExit() == .code(0), "\(process.output.text)")
    }
}
