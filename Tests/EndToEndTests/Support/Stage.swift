import FoundationEssentials
import HTTPClient
import Replay
import TestSupport
import Testing

@testable import steptrace

/// The built gateway between a replaying API server and a recording backend, all on free ports.
struct Stage: Sendable {
    let recordings: [Recording]
    let apiServer: ReplayAPIServer
    let backend: RecordingBackend
    let gateway: GatewayProcess
    let client: HTTPClient
    let sender: ReplaySender
    /// The receiver's.
    let url: String
    private let healthURL: String
    private let metricsURL: String

    /// The gateway's configuration; tests lay `--set` over it.
    private static func configuration(apiServer: String, backend: String) -> String {
        """
        yaml:
        receivers:
          otlp:
            protocols:
              http:
                endpoint: 127.0.0.1:0
        processors:
          tekton_steps:
            auth_type: none
            api_server: \(apiServer)
            completed_max_age: 87600h
            max_hold: 300ms
        exporters:
          otlp_http:
            endpoint: \(backend)
            retry_on_failure:
              initial_interval: 50ms
              max_interval: 200ms
        extensions:
          health_check:
            endpoint: 127.0.0.1:0
        service:
          telemetry:
            metrics:
              readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 0}}}}]
          extensions: [health_check]
          pipelines:
            traces:
              receivers: [otlp]
              processors: [tekton_steps]
              exporters: [otlp_http]
        """
    }

    /// Sets all up, waits until the gateway is ready, and takes all down after `body`.
    ///
    /// - Parameters:
    ///   - names: the recordings whose objects the API server has.
    ///   - settings: for `--set`.
    ///   - exit: how the gateway ends at SIGTERM, or has ended in `body`.
    ///   - prepare: what is done with servers that have started before the gateway does.
    ///   - overlay: a file with a configuration to lay over the stage's.
    ///   - isAlone: no other gateway runs meanwhile: for tests that measure.
    static func run(
        _ names: [String],
        _ settings: [String] = [],
        exit: GatewayLog.Exit = .code(0),
        isAlone: Bool = false,
        overlay: String? = nil,
        prepare: (ReplayAPIServer, RecordingBackend) async throws -> Void = { _, _ in },
        _ body: (Stage) async throws -> Void
    ) async throws {
        try await Slots.use(isAlone ? Slots.count : 1) {
            try await runNow(names, settings, exit: exit, overlay: overlay, prepare: prepare, body)
        }
    }

    /// As `run`, without waiting for a slot: for tests with several gateways, which take the slots for all of them at once.
    static func runNow(
        _ names: [String],
        _ settings: [String] = [],
        exit: GatewayLog.Exit = .code(0),
        overlay: String? = nil,
        prepare: (ReplayAPIServer, RecordingBackend) async throws -> Void = { _, _ in },
        _ body: (Stage) async throws -> Void
    ) async throws {
        let recordings = try names.map { try Fixtures.recording($0) }
        let apiServer = ReplayAPIServer(recordings)
        let backend = RecordingBackend()
        try await apiServer.start()
        try await backend.start()
        try await prepare(apiServer, backend)
        let configuration = configuration(apiServer: apiServer.url, backend: backend.url)
        let gateway = try await GatewayProcess.start(
            Steptrace.path,
            arguments: ["--config", configuration] + (overlay.map { ["--config", $0] } ?? [])
                + settings.flatMap { ["--set", $0] }
        )
        try await gateway.waitUntilReady()
        let url = "http://\(try #require(gateway.endpoint(of: "otlp")))"
        var options = HTTPClientConfiguration()
        options.proxy = ""
        let client = try HTTPClient(configuration: options)
        var sender = ReplaySender(to: url, client: client)
        sender.retryInterval = .milliseconds(20)
        let stage = Stage(
            recordings: recordings,
            apiServer: apiServer,
            backend: backend,
            gateway: gateway,
            client: client,
            sender: sender,
            url: url,
            healthURL: "http://\(try #require(gateway.endpoint(of: "health_check")))/",
            metricsURL: "http://\(try #require(gateway.endpoint(of: "metrics")))/metrics"
        )
        do {
            try await body(stage)
        } catch {
            Issue.record("\(error); the gateway's log:\n\(gateway.output.text)")
        }
        #expect(await gateway.stop() == exit, "\(gateway.output.text)")
        #expect(backend.contents.malformed.isEmpty)
        let excess = Rights.asked(for: apiServer.requests).subtracting(try Rights.granted())
        #expect(excess.isEmpty, "deploy/base/cluster-role.yaml does not grant it")
        await apiServer.stop()
        await backend.stop()
    }

    // MARK: - Playing

    /// All watches of the processor are open.
    func waitUntilFollowing() async {
        #expect(await apiServer.waitUntil { $0.watchCount == 3 }, "\(gateway.output.text)")
    }

    /// Plays spans and objects of all recordings at the same time.
    func play(speed: Double) async throws {
        let clock = ReplayClock(speed: speed)
        let outcomes = try await withThrowingTaskGroup(of: [ReplaySender.Outcome].self) { group in
            group.addTask {
                try await apiServer.play(clock)
                return []
            }
            for recording in recordings {
                group.addTask { try await sender.play(recording, clock) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(outcomes.allSatisfy { $0.isDelivered }, "\(outcomes)")
    }

    /// Sends all spans of all recordings at once.
    func sendAll() async throws {
        for recording in recordings {
            let outcomes = try await sender.sendAll(recording)
            #expect(outcomes.allSatisfy { $0.isDelivered }, "\(outcomes)")
        }
    }

    func post(
        _ body: [UInt8],
        path: String = "/v1/traces",
        headers: [(name: String, value: String)] = [("Content-Type", "application/x-protobuf")]
    ) async throws -> HTTPClientResponse {
        try await client.execute(HTTPClientRequest(method: "POST", url: url + path, headers: headers, body: body))
    }

    /// Posts what must be accepted.
    func send(_ body: [UInt8], _ location: SourceLocation = #_sourceLocation) async throws {
        let status = try await post(body).status
        #expect(status == 200, "\(gateway.output.text)", sourceLocation: location)
    }

    // MARK: - Looking

    /// Waits for the backend to have as many spans as should arrive.
    ///
    /// - Parameter others: spans beside those of the recordings.
    func expectEverything(others: [RawSpan] = [], timeout: Duration = .seconds(30)) async throws {
        let sent = try recordings.flatMap(\.exports).flatMap { try RawSpan.spans(of: $0.body) } + others
        let expected = try ExpectedSpans(recordings).spans
        _ = await backend.waitUntil(timeout: timeout) { $0.spans.count >= sent.count + expected.count }
        let verdict = DemoVerdict(sent: sent, expected: expected, received: backend.contents.spans)
        #expect(verdict.isGood, "\(verdict.text)\(gateway.output.text)")
    }

    /// Waits until the spans of the recordings have arrived, none added, and nothing else.
    func expectOnlySent() async throws {
        let sent = try recordings.flatMap(\.exports).flatMap { try RawSpan.spans(of: $0.body) }
        _ = await backend.waitUntil { $0.spans.count >= sent.count }
        let verdict = DemoVerdict(sent: sent, expected: [], received: backend.contents.spans)
        #expect(verdict.isGood, "\(verdict.text)\(gateway.output.text)")
    }

    struct Health: Decodable, Equatable {
        struct Component: Decodable, Equatable {
            let status: String
            let error: String?
        }

        let status: String
        let components: [String: Component]
    }

    /// What health_check says once `condition` holds, or at last.
    func health(until condition: (Health) -> Bool = { _ in true }) async throws -> Health {
        let end = ContinuousClock.now + .seconds(20)
        while true {
            let answer = try await client.execute(HTTPClientRequest(method: "GET", url: healthURL))
            let health = try JSONDecoder().decode(Health.self, from: Data(answer.body))
            #expect(answer.status == (health.status == "Server available" ? 200 : 503))
            if condition(health) || ContinuousClock.now > end { return health }
            // There is no event to wait for.
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// What `/metrics` says once `condition` holds, or at last.
    func metrics(until condition: (Exposition) -> Bool = { _ in true }) async throws -> Exposition {
        let end = ContinuousClock.now + .seconds(20)
        while true {
            let answer = try await client.execute(HTTPClientRequest(method: "GET", url: metricsURL))
            #expect(answer.status == 200)
            let metrics = try Exposition(String(decoding: answer.body, as: UTF8.self))
            if condition(metrics) || ContinuousClock.now > end { return metrics }
            // There is no event to wait for.
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// The status of another path of `health_check`.
    func healthStatus(_ path: String) async throws -> Int {
        let url = healthURL.dropLast() + path
        return try await client.execute(HTTPClientRequest(method: "GET", url: String(url))).status
    }

    /// Waits for the log to say it.
    func expectLog(_ text: String, timeout: Duration = .seconds(20)) async {
        #expect(await gateway.waitUntil(timeout: timeout) { $0.contains(text) }, "\(gateway.output.text)")
    }
}
