import Replay
import Testing

/// The OpenTelemetry SDK's exporters for Python, with real spans: what they say they have delivered is at the backend.
@Suite("Python's OpenTelemetry SDK sends")
struct PythonSDKTests {
    enum Transport: String, Sendable, CaseIterable {
        case http
        case grpc
    }

    private static let grpc = "receivers.otlp.protocols.grpc.endpoint=127.0.0.1:0"
    private static let basic = [
        // htpasswd's {SHA} of "secret".
        "extensions.basicauth.htpasswd.inline=tekton:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=",
        "service.extensions=[health_check,basicauth]",
    ]

    /// What the sender is told to connect to.
    private func endpoint(_ transport: Transport, _ stage: Stage, tls: Bool = false) throws -> String {
        let (message, scheme) =
            switch transport {
            case .http: ("Starting HTTP server", tls ? "https://" : "http://")
            case .grpc: ("Starting GRPC server", "")
            }
        let line = stage.gateway.output.lines.first { $0.message == message && $0.component == "receiver:otlp" }
        let address = try #require(line?.attributes["endpoint"])
        return scheme + address + (transport == .http ? "/v1/traces" : "")
    }

    private func send(_ transport: Transport, to endpoint: String, _ options: [String] = []) async throws
        -> (exported: [RawSpan], exit: GatewayLog.Exit?, output: String)
    {
        let process = try await Peers.python("send_spans.py", [transport.rawValue, endpoint] + options)
        let exit = await process.waitForExit(timeout: .seconds(60))
        let spans = try process.output.requests("exported").flatMap { try RawSpan.spans(of: $0) }
        return (spans, exit, process.output.text)
    }

    /// All 100 spans have been delivered, and each is at the backend once, byte for byte.
    private func expectDelivery(
        _ transport: Transport,
        to endpoint: String,
        _ stage: Stage,
        _ options: [String] = []
    ) async throws {
        let (exported, exit, output) = try await send(transport, to: endpoint, options)
        #expect(exit == .code(0), "\(output)")
        #expect(exported.count == 100, "\(output)")
        _ = await stage.backend.waitUntil { $0.spans.count >= exported.count }
        let arrived = stage.backend.contents.spans
        #expect(arrived.count == exported.count)
        #expect(Set(arrived) == Set(exported))
    }

    @Test("what it has delivered arrives, span by span", arguments: Transport.allCases, ["none", "gzip"])
    func delivers(transport: Transport, compression: String) async throws {
        try await Stage.run([], [Self.grpc]) { stage in
            let endpoint = try endpoint(transport, stage)
            try await expectDelivery(transport, to: endpoint, stage, ["--compression", compression])
        }
    }

    @Test(
        "with Basic authentication; without it, or with the wrong password, nothing gets in",
        arguments: Transport.allCases
    )
    func basicAuth(transport: Transport) async throws {
        let settings = Self.basic + [Self.grpc, "receivers.otlp.protocols.\(transport).auth.authenticator=basicauth"]
        try await Stage.run([], settings) { stage in
            let endpoint = try endpoint(transport, stage)
            // base64 of tekton:wrong
            for options in [[], ["--header", "authorization=Basic dGVrdG9uOndyb25n"]] {
                let (exported, exit, output) = try await send(transport, to: endpoint, options)
                #expect(exit == .code(1), "\(output)")
                #expect(exported.isEmpty)
                #expect(output.contains(transport == .http ? "401" : "UNAUTHENTICATED"), "\(output)")
            }
            #expect(stage.backend.contents.spans.isEmpty)
            // base64 of tekton:secret
            let header = "authorization=Basic dGVrdG9uOnNlY3JldA=="
            try await expectDelivery(transport, to: endpoint, stage, ["--header", header])
        }
    }

    @Test("over TLS, with a client's certificate", arguments: Transport.allCases)
    func tls(transport: Transport) async throws {
        let certificates = try await Certificates()
        let tls = "receivers.otlp.protocols.\(transport).tls"
        let settings = [
            Self.grpc, "\(tls).cert_file=\(certificates.server.certificate)",
            "\(tls).key_file=\(certificates.server.key)", "\(tls).client_ca_file=\(certificates.authority)",
        ]
        try await Stage.run([], settings) { stage in
            let endpoint = try endpoint(transport, stage, tls: true)
            let trust = ["--ca", certificates.authority]
            let (none, exit, output) = try await send(transport, to: endpoint, trust + ["--timeout", "1"])
            #expect(exit == .code(1), "\(output)")
            #expect(none.isEmpty)
            let client = ["--certificate", certificates.client.certificate, "--key", certificates.client.key]
            try await expectDelivery(transport, to: endpoint, stage, trust + client)
        }
    }

    @Test("while the queue is full it is told to come again, and does: nothing is lost", arguments: Transport.allCases)
    func queueFull(transport: Transport) async throws {
        let settings = [Self.grpc, "exporters.otlp_http.sending_queue.queue_size=1"]
        try await Stage.run([], settings) { _, backend in
            backend.behave(.reject(status: 503, times: 4))
        } _: { stage in
            try await expectDelivery(transport, to: endpoint(transport, stage), stage)
            #expect(stage.backend.contents.rejectedCount == 4)
        }
    }
}
