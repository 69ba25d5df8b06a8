import HTTPClient
import NIOCore
import NIOPosix
import OTLPGRPC
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

    @Test(
        "an endpoint without a host, or with 0.0.0.0, is every interface, by IPv4 and IPv6",
        arguments: ["", "0.0.0.0"]
    )
    func wildcard(host: String) async throws {
        try await Slots.use {
            let gateway = try await Steptrace.start("--config", Self.configuration { _ in "\(host):0" })
            try await gateway.waitUntilReady()
            var options = HTTPClientConfiguration()
            options.proxy = ""
            let client = try HTTPClient(configuration: options)
            func port(_ endpoint: String?) throws -> Int {
                let endpoint = try #require(endpoint, "\(gateway.output.text)")
                #expect(endpoint.hasPrefix("[::]:"))
                return try #require(Int(endpoint.dropFirst("[::]:".count)))
            }
            let paths = ["otlp": "/", "health_check": "/", "zpages": "/debug/", "metrics": "/metrics"]
            for (component, path) in paths {
                let port = try port(gateway.endpoint(of: component))
                for host in ["127.0.0.1", "[::1]"] {
                    let url = "http://\(host):\(port)\(path)"
                    let answer = try await client.execute(HTTPClientRequest(method: "GET", url: url))
                    #expect(answer.status == (component == "otlp" ? 404 : 200), "\(url)")
                }
            }
            let line = gateway.output.lines.first { $0.message == "Starting GRPC server" }
            for host in ["127.0.0.1", "::1"] {
                var options = TraceClientConfiguration(host: host, port: try port(line?.attributes["endpoint"]))
                options.timeout = .seconds(20)
                let client = try TraceClient(options, group: MultiThreadedEventLoopGroup.singleton)
                let request = ByteBuffer(bytes: try Fixtures.request([Fixtures.span(id: 1)]))
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await client.run() }
                    _ = try await client.export(request)
                    client.shutdown()
                    try await tasks.waitForAll()
                }
            }
            client.shutdown()
            #expect(await gateway.stop() == .code(0), "\(gateway.output.text)")
        }
    }
}
