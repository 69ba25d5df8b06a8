import FoundationEssentials
import Glibc
import HTTPClient
import OTLP
import Replay
import Waterfall

/// One run of the demo: plays recordings through a gateway, draws what comes out, and checks it.
struct Demo {
    let recordings: [Recording]
    let speed: Double
    let userBackend: String?
    let renderer: TerminalRenderer

    /// How long spans may take to come out when all has been sent in: what is waited for on purpose (late Events, the
    /// next batch of a trace), and some.
    private static let patience: Duration = .seconds(10)

    /// True when all spans came out as they should. When the task is cancelled, the gateway is stopped all the same.
    func run() async throws -> Bool {
        let apiServer = ReplayAPIServer(recordings)
        let backend = RecordingBackend()
        try await apiServer.start()
        try await backend.start()
        let isGood = try await run(apiServer, backend)
        await apiServer.stop()
        await backend.stop()
        return isGood
    }

    private func run(_ apiServer: ReplayAPIServer, _ backend: RecordingBackend) async throws -> Bool {
        let configuration = DemoConfiguration(
            apiServer: apiServer.url,
            backend: backend.url,
            userBackend: userBackend
        )
        let file = try configuration.write()
        defer { try? FileManager.default.removeItem(atPath: String(file.dropLast("/steptrace.yaml".count))) }
        say("Configuration of the gateway, as long as it runs in \(file):\n")
        say(configuration.text.split(separator: "\n").map { "    \($0)" }.joined(separator: "\n"))

        let gateway = try await GatewayProcess.start(
            "/proc/self/exe",
            arguments: ["--config", file],
            environment: Self.withoutLoopbackProxy(ProcessInfo.processInfo.environment)
        )
        do {
            return try await run(gateway, apiServer, backend)
        } catch {
            await gateway.stop()
            throw error
        }
    }

    private func run(
        _ gateway: GatewayProcess,
        _ apiServer: ReplayAPIServer,
        _ backend: RecordingBackend
    ) async throws -> Bool {
        try await gateway.waitUntilReady()
        guard let endpoint = gateway.endpoint(of: "otlp") else { throw GatewayNotReady(log: gateway.output.text) }

        let expected = try ExpectedSpans(recordings)
        let sent = try recordings.flatMap(\.exports).flatMap { try RawSpan.spans(of: $0.body) }
        let names = recordings.map { "\($0.name) (\($0.duration.components.seconds) s)" }.joined(separator: " and ")
        say("\nReplaying \(names), \(speed) times as fast, to the gateway at \(endpoint) ...\n")
        let outcomes = try await play(to: "http://\(endpoint)", apiServer)
        _ = await backend.waitUntil(timeout: Self.patience) { $0.spans.count >= sent.count + expected.spans.count }
        try Task.checkCancellation()
        let exit = await gateway.stop()

        let contents = backend.contents
        let trees = TraceTree.trees(of: TraceSpan.spans(of: contents.resourceSpans))
        say(renderer.render(trees))
        say(renderer.legend)
        return judge(
            DemoVerdict(sent: sent, expected: expected.spans, received: contents.spans),
            outcomes,
            exit,
            gateway.output
        )
    }

    /// What keeps the gateway from looking for 127.0.0.1 behind the proxy that a user may have.
    private static func withoutLoopbackProxy(_ environment: [String: String]) -> [String: String] {
        let names = environment["no_proxy"] ?? environment["NO_PROXY"] ?? ""
        return ["no_proxy": names == "*" ? names : names + (names.isEmpty ? "" : ",") + "127.0.0.1"]
    }

    /// Plays all recordings at the same time: the spans into the gateway, the objects into the API server.
    private func play(to url: String, _ apiServer: ReplayAPIServer) async throws -> [ReplaySender.Outcome] {
        var client = HTTPClientConfiguration()
        client.proxy = ""
        let sender = ReplaySender(to: url, client: try HTTPClient(configuration: client))
        let clock = ReplayClock(speed: speed)
        return try await withThrowingTaskGroup(of: [ReplaySender.Outcome].self) { group in
            group.addTask {
                try await apiServer.play(clock)
                return []
            }
            for recording in recordings {
                group.addTask { try await sender.play(recording, clock) }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    private func judge(
        _ verdict: DemoVerdict,
        _ outcomes: [ReplaySender.Outcome],
        _ exit: GatewayLog.Exit?,
        _ log: GatewayLog
    ) -> Bool {
        var isGood = verdict.isGood
        say(verdict.text, terminator: "")
        let refused = outcomes.filter { !$0.isDelivered }
        if !refused.isEmpty {
            isGood = false
            say("\(refused.count) exports were not taken by the gateway.")
        }
        if exit != .code(0) {
            isGood = false
            say("The gateway did not end as it should: \(exit.map { "\($0)" } ?? "it had to be killed").")
        }
        if let userBackend {
            let losses = log.lines.count { $0.component.hasSuffix("otlp_http/user") && $0.level == "error" }
            if losses > 0 { isGood = false }
            say(
                losses > 0
                    ? "Not everything reached \(userBackend); the log says why."
                    : "Everything was sent on to \(userBackend) as well: look there for these trace ids."
            )
        }
        if !isGood { say("\nLog of the gateway:\n\(log.text)") }
        return isGood
    }

    private func say(_ text: String, terminator: String = "\n") {
        print(text, terminator: terminator)
        // Also seen at once when standard output is no terminal.
        fflush(nil)
    }
}
