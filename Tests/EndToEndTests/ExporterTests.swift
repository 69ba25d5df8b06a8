import FoundationEssentials
import OTLP
import Replay
import Testing

/// The exporters against backends in which nothing is ours (Tests/Peers/otlp_backend.py).
@Suite("Exporters and Python's backends")
struct ExporterTests {
    private static let id = "service.pipelines.traces.exporters"

    /// What makes the pipeline send to the backend by this transport alone.
    private func settings(_ transport: PythonBackend.Transport, _ backend: PythonBackend, tls: Bool = false) -> [String]
    {
        switch transport {
        case .http:
            ["exporters.otlp_http.endpoint=\(tls ? "https" : "http")://127.0.0.1:\(backend.port)"]
        case .grpc:
            [
                "exporters.otlp_grpc.endpoint=127.0.0.1:\(backend.port)", "exporters.otlp_grpc.tls.insecure=\(!tls)",
                "exporters.otlp_grpc.retry_on_failure.initial_interval=50ms", "\(Self.id)=[otlp_grpc]",
            ]
        }
    }

    private func exporter(_ transport: PythonBackend.Transport) -> String { "exporters.otlp_\(transport)" }

    /// Recorded spans of Tekton.
    private func requests() throws -> [[UInt8]] { try Fixtures.recording("success").exports.map(\.body) }

    /// Sends the recorded spans and expects each of them at the backend, decoded: it prints them encoded anew.
    private func expectDelivery(_ stage: Stage, _ backend: PythonBackend) async throws {
        var sent: [Opentelemetry_Proto_Trace_V1_Span] = []
        for request in try requests() {
            try await stage.send(request)
            sent += try RawSpan.spans(of: request).map(\.message)
        }
        let arrived = try await backend.spans(sent.count).map(\.message)
        #expect(arrived.count == sent.count, "\(stage.gateway.output.text)")
        #expect(Set(arrived) == Set(sent))
    }

    @Test(
        "otlp_http: every compression and encoding can be read",
        arguments: ["gzip", "zlib", "deflate", "none"],
        ["proto", "json"]
    )
    func http(compression: String, encoding: String) async throws {
        try await PythonBackend.run(.http) { backend in
            let settings =
                settings(.http, backend) + [
                    "exporters.otlp_http.compression=\(compression)", "exporters.otlp_http.encoding=\(encoding)",
                ]
            try await Stage.runNow([], settings) { stage in
                try await expectDelivery(stage, backend)
                for headers in try backend.headers() {
                    #expect(headers["content-encoding"] == (compression == "none" ? nil : compression))
                    #expect(
                        headers["content-type"] == (encoding == "json" ? "application/json" : "application/x-protobuf")
                    )
                    #expect(headers[":path"] == "/v1/traces")
                    #expect(headers["user-agent"]?.hasPrefix("steptrace/") == true)
                }
            }
        }
    }

    @Test("otlp_grpc: with gzip and without", arguments: ["gzip", "none"])
    func grpc(compression: String) async throws {
        try await PythonBackend.run(.grpc) { backend in
            let settings = settings(.grpc, backend) + ["exporters.otlp_grpc.compression=\(compression)"]
            try await Stage.runNow([], settings) { stage in
                try await expectDelivery(stage, backend)
                #expect(try backend.headers().allSatisfy { $0["user-agent"]?.hasPrefix("steptrace/") == true })
            }
        }
    }

    @Test("headers and credentials come along", arguments: [PythonBackend.Transport.http, .grpc])
    func headers(transport: PythonBackend.Transport) async throws {
        try await PythonBackend.run(transport) { backend in
            let folder = try TemporaryFolder()
            let settings =
                settings(transport, backend) + [
                    "\(exporter(transport)).headers.X-Scope-OrgID=builds",
                    "\(exporter(transport)).auth.authenticator=bearertokenauth",
                    "extensions.bearertokenauth.filename=\(try folder.write("token", "first"))",
                    "service.extensions=[health_check,bearertokenauth]",
                ]
            try await Stage.runNow([], settings) { stage in
                try await expectDelivery(stage, backend)
                for headers in try backend.headers() {
                    #expect(headers["x-scope-orgid"] == "builds")
                    #expect(headers["authorization"] == "Bearer first")
                }
                #expect(!stage.gateway.output.contains("first"), "credentials in the log")
            }
        }
    }

    @Test("TLS with the authority's certificate and one of its own", arguments: [PythonBackend.Transport.http, .grpc])
    func mutualTLS(transport: PythonBackend.Transport) async throws {
        let certificates = try await Certificates()
        let server = [
            "--certificate", certificates.named.certificate, "--key", certificates.named.key,
            "--client-ca", certificates.authority,
        ]
        try await PythonBackend.run(transport, server) { backend in
            let tls = "\(exporter(transport)).tls"
            let settings =
                settings(transport, backend, tls: true) + [
                    "\(tls).ca_file=\(certificates.authority)", "\(tls).cert_file=\(certificates.client.certificate)",
                    "\(tls).key_file=\(certificates.client.key)", "\(tls).server_name_override=\(Certificates.name)",
                ]
            try await Stage.runNow([], settings) { try await expectDelivery($0, backend) }
        }
    }

    @Test(
        "certificates that are replaced are used without a restart",
        arguments: [PythonBackend.Transport.http, .grpc]
    )
    func rotation(transport: PythonBackend.Transport) async throws {
        let certificates = try await Certificates()
        let folder = try TemporaryFolder()
        func write(_ name: String, _ path: String) throws -> String {
            try folder.write(name, String(contentsOf: URL(filePath: path), encoding: .utf8))
        }
        let server = [
            "--certificate", certificates.server.certificate, "--key", certificates.server.key,
            "--client-ca", certificates.authority,
        ]
        try await PythonBackend.run(transport, server) { backend in
            let tls = "\(exporter(transport)).tls"
            let settings =
                settings(transport, backend, tls: true) + [
                    "\(tls).ca_file=\(try write("ca.pem", certificates.strangeAuthority))",
                    "\(tls).cert_file=\(try write("tls.crt", certificates.stranger.certificate))",
                    "\(tls).key_file=\(try write("tls.key", certificates.stranger.key))",
                    "\(exporter(transport)).retry_on_failure.initial_interval=50ms",
                    "\(exporter(transport)).retry_on_failure.max_interval=100ms",
                ]
            try await Stage.runNow([], settings) { stage in
                let request = try #require(try requests().first)
                try await stage.send(request)
                await stage.expectLog("Exporting failed. Will retry the request after interval.")
                // One after the other, as a mounted Secret does not, but a person with cp does.
                _ = try write("ca.pem", certificates.authority)
                _ = try write("tls.crt", certificates.client.certificate)
                _ = try write("tls.key", certificates.client.key)
                let sent = try RawSpan.spans(of: request).map(\.message)
                let arrived = try await backend.spans(sent.count).map(\.message)
                #expect(Set(arrived) == Set(sent), "\(stage.gateway.output.text)")
            }
        }
    }

    /// What keeps a connection with TLS from coming about.
    enum Mistrust: Sendable, CaseIterable {
        case noAuthority
        case wrongAuthority
        case wrongName
        case notTheAddress
        case noClientCertificate
        case wrongClientCertificate

        func settings(_ tls: String, _ certificates: Certificates) -> [String] {
            let trust = "\(tls).ca_file=\(certificates.authority)"
            let name = "\(tls).server_name_override=\(Certificates.name)"
            let client = [
                "\(tls).cert_file=\(certificates.client.certificate)", "\(tls).key_file=\(certificates.client.key)",
            ]
            switch self {
            case .noAuthority: return client + [name]
            case .wrongAuthority: return client + [name, "\(tls).ca_file=\(certificates.strangeAuthority)"]
            case .wrongName: return client + [trust, "\(tls).server_name_override=elsewhere.test"]
            // The certificate is for a name, and there is an address.
            case .notTheAddress: return client + [trust]
            case .noClientCertificate: return [trust, name]
            case .wrongClientCertificate:
                return [
                    trust, name, "\(tls).cert_file=\(certificates.stranger.certificate)",
                    "\(tls).key_file=\(certificates.stranger.key)",
                ]
            }
        }
    }

    @Test(
        "TLS that is not to be trusted: nothing is sent, and it is tried again",
        arguments: [PythonBackend.Transport.http, .grpc],
        Mistrust.allCases
    )
    func mistrust(transport: PythonBackend.Transport, mistrust: Mistrust) async throws {
        let certificates = try await Certificates()
        let server = [
            "--certificate", certificates.named.certificate, "--key", certificates.named.key,
            "--client-ca", certificates.authority,
        ]
        try await PythonBackend.run(transport, server) { backend in
            let settings =
                settings(transport, backend, tls: true)
                + mistrust.settings("\(exporter(transport)).tls", certificates)
            try await Stage.runNow([], settings) { stage in
                try await stage.send(Fixtures.request([Fixtures.span(id: 1)]))
                await stage.expectLog("Exporting failed. Will retry the request after interval.")
                #expect(try await backend.spans(0).isEmpty)
                await stage.gateway.stop()
                await stage.expectLog("\"dropped_items\": 1")
            }
        }
    }

    @Test(
        "TLS to an IP address: its certificate names the address, or nothing is verified",
        arguments: [PythonBackend.Transport.http, .grpc],
        [true, false]
    )
    func address(transport: PythonBackend.Transport, isVerified: Bool) async throws {
        let certificates = try await Certificates()
        let server = isVerified ? certificates.server : certificates.named
        let arguments = ["--certificate", server.certificate, "--key", server.key]
        try await PythonBackend.run(transport, arguments) { backend in
            let tls = "\(exporter(transport)).tls"
            let trust = isVerified ? "ca_file=\(certificates.authority)" : "insecure_skip_verify=true"
            let settings = settings(transport, backend, tls: true) + ["\(tls).\(trust)"]
            try await Stage.runNow([], settings) { try await expectDelivery($0, backend) }
        }
    }

    @Test("proxy_url: the request goes through the proxy")
    func proxy() async throws {
        try await PythonBackend.run(.http, ["--proxy"]) { backend in
            let settings = [
                "exporters.otlp_http.endpoint=http://jaeger.test:4318",
                "exporters.otlp_http.proxy_url=http://127.0.0.1:\(backend.port)",
            ]
            try await Stage.runNow([], settings) { stage in
                try await expectDelivery(stage, backend)
                for headers in try backend.headers() {
                    #expect(headers[":path"] == "http://jaeger.test:4318/v1/traces")
                    #expect(headers["host"] == "jaeger.test:4318")
                }
            }
        }
    }

    @Test("file: every line is OTLP's JSON by protobuf's own parser, and debug shows the same spans")
    func file() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/traces.json"
        let settings = [
            "exporters.file.path=\(path)", "exporters.debug.verbosity=normal",
            "\(Self.id)=[otlp_http,file,debug]",
        ]
        try await Stage.run(["success"], settings) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            stage.apiServer.advanceToEnd()
            try await stage.expectEverything()
            await stage.gateway.stop()
            let reader = try await Peers.python("read_json_lines.py", [path])
            #expect(await reader.waitForExit() == .code(0), "\(reader.output.text)")
            let lines = try reader.output.requests("request").flatMap { try RawSpan.spans(of: $0) }.map(\.message)
            let arrived = stage.backend.contents.spans.map(\.message)
            #expect(lines.count == arrived.count)
            #expect(Set(lines) == Set(arrived))
            for span in arrived {
                #expect(stage.gateway.output.contains("\(span.name) \(hex(span.traceID)) \(hex(span.spanID))"))
            }
        }
    }

    @Test("debug: basic counts, detailed shows everything", arguments: ["basic", "detailed"])
    func debug(verbosity: String) async throws {
        let settings = ["exporters.debug.verbosity=\(verbosity)", "\(Self.id)=[debug]"]
        try await Stage.run([], settings) { stage in
            try await stage.send(Fixtures.request([Fixtures.span(id: 1), Fixtures.span(id: 2)]))
            if verbosity == "basic" {
                await stage.expectLog("\"spans\": 2")
                #expect(!stage.gateway.output.contains("other"))
            } else {
                for line in ["    Name           : other", "    Trace ID       : 7e000000000000000000000000000001"] {
                    await stage.expectLog(line)
                }
            }
        }
    }

    private func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
