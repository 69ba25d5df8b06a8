import Replay
import Testing

@Suite("Where servers listen")
struct EndpointTests {
    /// What listens, and where in the configuration that is said.
    enum Server: String, Sendable, CaseIterable {
        case http = "receivers::otlp::protocols::http::endpoint"
        case grpc = "receivers::otlp::protocols::grpc::endpoint"
        case health = "extensions::health_check::endpoint"
        case zpages = "extensions::zpages::endpoint"
        case metrics = "service::telemetry::metrics::readers"
    }

    /// A configuration with all servers.
    private static func configuration(_ endpoint: (Server) -> String) -> String {
        """
        yaml:
        receivers:
          otlp: {protocols: {http: {endpoint: "\(endpoint(.http))"}, grpc: {endpoint: "\(endpoint(.grpc))"}}}
        exporters: {debug: }
        extensions:
          health_check: {endpoint: "\(endpoint(.health))"}
          zpages: {endpoint: "\(endpoint(.zpages))"}
        service:
          telemetry: {metrics: {address: "\(endpoint(.metrics))"}}
          extensions: [health_check, zpages]
          pipelines: {traces: {receivers: [otlp], exporters: [debug]}}
        """
    }

    @Test(
        "a port in use ends the start with an error that names it, whatever was to listen",
        arguments: Server.allCases
    )
    func inUse(server: Server) async throws {
        try await Slots.use {
            let other = RecordingBackend()
            try await other.start()
            let taken = String(other.url.dropFirst("http://".count))
            let configuration = Self.configuration { $0 == server ? taken : "127.0.0.1:0" }
            let gateway = try await Steptrace.start("--config", configuration)
            #expect(await gateway.waitForExit() == .code(1), "\(gateway.output.text)")
            let lines = gateway.output.lines.map(\.text)
            let error = "\(server.rawValue): listen tcp \(taken): bind: address already in use; choose another "
            let cause = try #require(lines.firstIndex { $0.contains(error) }, "\(gateway.output.text)")
            if let end = lines.firstIndex(where: { $0.contains("Starting shutdown...") }) { #expect(cause < end) }
            #expect(!gateway.output.isReady)
            await other.stop()
        }
    }
}
