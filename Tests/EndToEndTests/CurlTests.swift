import Glibc
import Replay
import Testing

/// The receiver's TLS as curl sees it.
@Suite("curl, TLS and mTLS")
struct CurlTests {
    /// curl's exit code, and its output: the answer's status, or why there is none.
    private func curl(
        _ stage: Stage,
        _ body: String,
        host: String = "localhost",
        scheme: String = "https",
        _ options: [String]
    ) async throws -> (exit: GatewayLog.Exit?, output: String) {
        let port = stage.url.split(separator: ":").last ?? ""
        let process = try await Peers.system(
            [
                "curl", "--silent", "--show-error", "--max-time", "20", "--output", "/dev/null",
                "--write-out", "status %{http_code}\n", "--resolve", "localhost:\(port):127.0.0.1",
                "--header", "Content-Type: application/x-protobuf", "--data-binary", "@\(body)",
            ] + options + ["\(scheme)://\(host):\(port)/v1/traces"]
        )
        let exit = await process.waitForExit()
        return (exit, process.output.text)
    }

    private func withTLS(
        clientCA: Bool,
        _ body: (Stage, Certificates, _ request: String) async throws -> Void
    ) async throws {
        let certificates = try await Certificates()
        let folder = try TemporaryFolder()
        let request = try folder.write("request", Fixtures.request([Fixtures.span(id: 1)]))
        let tls = "receivers.otlp.protocols.http.tls"
        var settings = [
            "\(tls).cert_file=\(certificates.server.certificate)", "\(tls).key_file=\(certificates.server.key)",
        ]
        if clientCA { settings.append("\(tls).client_ca_file=\(certificates.authority)") }
        try await Stage.run([], settings) { try await body($0, certificates, request) }
    }

    @Test("SIGHUP takes up certificates that have changed, also when the configuration has not")
    func reload() async throws {
        let certificates = try await Certificates()
        let folder = try TemporaryFolder()
        let request = try folder.write("request", Fixtures.request([Fixtures.span(id: 1)]))
        func install(_ pair: (certificate: String, key: String)) throws -> (certificate: String, key: String) {
            (
                try folder.write("tls.crt", String(decoding: readFile(pair.certificate), as: UTF8.self)),
                try folder.write("tls.key", String(decoding: readFile(pair.key), as: UTF8.self))
            )
        }
        let files = try install(certificates.stranger)
        let tls = "receivers.otlp.protocols.http.tls"
        let settings = ["\(tls).cert_file=\(files.certificate)", "\(tls).key_file=\(files.key)"]
        try await Stage.run([], settings) { stage in
            let trust = ["--cacert", certificates.authority]
            let (before, beforeText) = try await curl(stage, request, trust)
            #expect(before == .code(60), "\(beforeText)")
            _ = try install(certificates.server)
            stage.gateway.send(signal: SIGHUP)
            await stage.expectLog("TLS certificates were read again.")
            let (after, afterText) = try await curl(stage, request, trust)
            #expect(after == .code(0) && afterText == "status 200\n", "\(afterText)")
            // What cannot be used changes nothing.
            _ = try folder.write("tls.key", "rubbish")
            stage.gateway.send(signal: SIGHUP)
            await stage.expectLog("TLS certificates have changed and cannot be used, the old ones stay")
            let (last, lastText) = try await curl(stage, request, trust)
            #expect(last == .code(0) && lastText == "status 200\n", "\(lastText)")
        }
    }

    @Test("TLS: who trusts the authority gets in, by name and by address; others see that they should not")
    func tls() async throws {
        try await withTLS(clientCA: false) { stage, certificates, request in
            let trust = ["--cacert", certificates.authority]
            for (host, options) in [
                ("localhost", []), ("127.0.0.1", []), ("localhost", ["--tlsv1.3"]),
                ("localhost", ["--tls-max", "1.2"]),
                // Asked for HTTP/2, the server stays with HTTP/1.1.
                ("localhost", ["--http2"]),
            ] {
                let (exit, output) = try await curl(stage, request, host: host, trust + options)
                #expect(exit == .code(0) && output == "status 200\n", "\(host) \(options): \(output)")
            }
            let (unknown, unknownText) = try await curl(stage, request, ["--cacert", certificates.strangeAuthority])
            #expect(unknown == .code(60), "\(unknownText)")
            let old = try await curl(
                stage,
                request,
                trust + ["--tls-max", "1.1", "--tlsv1.0", "--ciphers", "DEFAULT:@SECLEVEL=0"]
            )
            #expect(old.exit == .code(35), "\(old.output)")
            let plain = try await curl(stage, request, scheme: "http", [])
            #expect(plain.exit != .code(0), "\(plain.output)")
            // None of that was of any consequence.
            let again = try await curl(stage, request, trust)
            #expect(again.output == "status 200\n")
            #expect(await stage.backend.waitUntil { $0.spans.count == 6 })
        }
    }

    @Test("mTLS: only a client with a certificate of the authority gets in")
    func mutual() async throws {
        try await withTLS(clientCA: true) { stage, certificates, request in
            let trust = ["--cacert", certificates.authority]
            // The failed handshake comes to light at different points, depending on the version of TLS.
            for version in [["--tlsv1.3"], ["--tls-max", "1.2"]] {
                let none = try await curl(stage, request, trust + version)
                #expect(none.exit == .code(35) || none.exit == .code(56) || none.exit == .code(55), "\(none.output)")
                let stranger = try await curl(
                    stage,
                    request,
                    trust + version + ["--cert", certificates.stranger.certificate, "--key", certificates.stranger.key]
                )
                #expect(stranger.exit != .code(0) && !stranger.output.contains("200"), "\(stranger.output)")
                #expect(stage.backend.contents.spans.isEmpty)
            }
            for version in [["--tlsv1.3"], ["--tls-max", "1.2"]] {
                let client = try await curl(
                    stage,
                    request,
                    trust + version + ["--cert", certificates.client.certificate, "--key", certificates.client.key]
                )
                #expect(client.exit == .code(0) && client.output == "status 200\n", "\(client.output)")
            }
            #expect(await stage.backend.waitUntil { $0.spans.count == 2 })
        }
    }
}
