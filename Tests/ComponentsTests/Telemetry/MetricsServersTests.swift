import Collector
import HTTPClient
import NIOPosix
import Testing

@testable import Components

@Suite(.timeLimit(.minutes(1))) struct MetricsServersTests {
    let context = TestContext()
    let metrics = MetricsRegistry()
    let spans = MetricDescription("otelcol_receiver_accepted_spans", .counter, unit: "{spans}", "Accepted spans.")

    func run(_ body: (MetricsServers, HTTPClient) async throws -> Void) async throws {
        let client = try HTTPClient()
        let servers = MetricsServers(
            metrics,
            group: MultiThreadedEventLoopGroup.singleton,
            logger: context.component("metrics").logger
        )
        try await body(servers, client)
        await servers.stop()
        client.shutdown()
    }

    func configuration(_ ports: Int..., naming: PrometheusNaming = PrometheusNaming()) -> MetricsConfiguration {
        MetricsConfiguration(
            readers: ports.map { .init(endpoint: Endpoint(host: "127.0.0.1", port: $0), naming: naming) }
        )
    }

    /// Those of the servers that have been started, in that order.
    var endpoints: [String] {
        context.logs.elements.filter { $0.message == "Starting Prometheus metrics server" }.compactMap {
            $0.metadata["endpoint"]
        }
    }

    func get(_ client: HTTPClient, _ url: String, accept: String = "*/*") async throws -> HTTPClientResponse {
        try await client.execute(HTTPClientRequest(method: "GET", url: url, headers: [("Accept", accept)]))
    }

    @Test func metricsAsTheyAreNow() async throws {
        metrics.observe("receiver:otlp") { [spans] in $0.add(spans, 5, ["receiver": "otlp"]) }
        try await run { servers, client in
            try await servers.apply(configuration(0))
            let answer = try await get(client, "http://\(endpoints[0])/metrics")
            #expect(answer.status == 200)
            #expect(answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
            let text = String(decoding: answer.body, as: UTF8.self)
            #expect(text.contains("otelcol_receiver_accepted_spans{receiver=\"otlp\"} 5\n"))
            #expect(text.contains("target_info{service_instance_id="))
            for name in ["uptime", "cpu_seconds", "memory_rss", "runtime_heap_alloc_bytes"] {
                #expect(text.contains("\notelcol_process_\(name) "), "\(text)")
            }
        }
    }

    @Test func openMetricsWhereItIsAskedForAndSuffixesAreOn() async throws {
        try await run { servers, client in
            try await servers.apply(configuration(0, naming: PrometheusNaming(withoutTypeSuffix: false)))
            let accept = "application/openmetrics-text; version=1.0.0"
            let answer = try await get(client, "http://\(endpoints[0])/metrics", accept: accept)
            #expect(answer.header("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            #expect(String(decoding: answer.body, as: UTF8.self).hasSuffix("# EOF\n"))
        }
    }

    @Test func otherPathsAndMethodsAreRefused() async throws {
        try await run { servers, client in
            try await servers.apply(configuration(0))
            try await #expect(get(client, "http://\(endpoints[0])/").status == 404)
            let post = HTTPClientRequest(method: "POST", url: "http://\(endpoints[0])/metrics", body: [1])
            try await #expect(client.execute(post).status == 405)
        }
    }

    @Test func aPortInUseIsAnErrorAndChangesNothing() async throws {
        try await run { servers, client in
            try await servers.apply(configuration(0))
            let port = try #require(endpoints[0].split(separator: ":").last.flatMap { Int($0) })
            let others = MetricsServers(
                MetricsRegistry(),
                group: MultiThreadedEventLoopGroup.singleton,
                logger: context.component("metrics").logger
            )
            // On every interface: another entry of the pool, the same port.
            var taken = configuration(0)
            taken.readers.append(.init(endpoint: Endpoint(host: "0.0.0.0", port: port)))
            await #expect {
                try await others.apply(taken)
            } throws: { error in
                "\(error)".hasPrefix("service::telemetry::metrics::readers: listen tcp 0.0.0.0:\(port): bind: ")
            }
            // The one that could be started is stopped again.
            await #expect(throws: HTTPClientError.self) { try await get(client, "http://\(endpoints[1])/metrics") }
            try await #expect(get(client, "http://\(endpoints[0])/metrics").status == 200)
        }
    }

    @Test func aChangeStartsAndStopsWhatDiffers() async throws {
        try await run { servers, client in
            try await servers.apply(configuration(0))
            let first = "http://\(endpoints[0])/metrics"
            try await servers.apply(configuration(0))
            #expect(endpoints.count == 1)
            try await servers.apply(configuration(0, naming: PrometheusNaming(withoutUnits: false)))
            #expect(endpoints.count == 2)
            await #expect(throws: HTTPClientError.self) { try await get(client, first) }
            try await #expect(get(client, "http://\(endpoints[1])/metrics").status == 200)
            try await servers.apply(MetricsConfiguration(level: .none, readers: []))
            await #expect(throws: HTTPClientError.self) { try await get(client, "http://\(endpoints[1])/metrics") }
        }
    }
}
