import Glibc
import Replay
import TestSupport
import Testing

@testable import steptrace

/// Gateways that follow the same TaskRuns, and with `tekton_steps::sharding` share them over Leases.
@Suite("Several replicas")
struct ReplicasTests {
    private static let scenarios = [
        "success", "step-fails", "pipelinerun", "cancel", "retries", "timeout", "oom", "results", "short", "sidecar",
    ]
    /// Fewer where all happens at once: a machine that is busy would tell of Events too late.
    private static let some = ["success", "step-fails", "pipelinerun", "cancel"]

    @Test("three replicas behind three senders add each span once, whoever saw the spans that name its TaskRun")
    func once() async throws {
        try await ReplicaStage.run(Self.scenarios, count: 3, leases: "2m") { stage in
            try await stage.play(speed: 10)
            let sent = try stage.recordings.flatMap(\.exports).flatMap { try RawSpan.spans(of: $0.body) }
            let expected = try stage.expected()
            _ = await stage.backend.waitUntil(timeout: .seconds(30)) {
                $0.spans.count >= sent.count + expected.count
            }
            // What one still holds comes out at its end; there is nobody left who could take over what it had.
            for gateway in stage.gateways.dropLast() { gateway.send(signal: SIGKILL) }
            await stage.gateways[2].stop()
            let verdict = DemoVerdict(sent: sent, expected: expected, received: stage.backend.contents.spans)
            #expect(verdict.isGood, "\(verdict.text)\(stage.logs)")
        }
    }

    /// How the exports of a controller reach the replicas.
    struct Spread: CustomTestStringConvertible {
        let replicas: Int
        let inTurn: Bool

        var testDescription: String { "\(replicas), \(inTurn ? "in turn" : "one connection")" }
    }

    /// The figures of docs/operations.md, "Several replicas".
    @Test(
        "without sharding a span comes as often as there are replicas through which its TaskRun's spans have passed",
        arguments: [
            Spread(replicas: 2, inTurn: true), Spread(replicas: 3, inTurn: true), Spread(replicas: 2, inTurn: false),
        ]
    )
    func copies(spread: Spread) async throws {
        try await ReplicaStage.run(Self.scenarios, count: spread.replicas, leases: nil) { stage in
            let passed = try await stage.sendAll(inTurn: spread.inTurn)
            stage.apiServer.advanceToEnd()
            let sent = try stage.recordings.flatMap(\.exports).flatMap { try RawSpan.spans(of: $0.body) }
            let once = try stage.expected()
            let expected = once.flatMap { span in
                Array(repeating: span, count: ReplicaStage.TaskRunName(span).flatMap { passed[$0] } ?? 0)
            }
            _ = await stage.backend.waitUntil(timeout: .seconds(30)) {
                $0.injected.count >= expected.count
            }
            // One too many might still be held.
            for gateway in stage.gateways { await gateway.stop() }
            let received = stage.backend.contents.spans
            // Copies are equal to the byte, or they would be surplus.
            let verdict = DemoVerdict(sent: sent, expected: expected, received: received)
            #expect(verdict.isGood, "\(verdict.text)\(stage.logs)")
            if !spread.inTurn { #expect(expected.count == once.count) }
            let added = stage.backend.contents.injected
            print(
                "\(spread.testDescription): \(sent.count) spans of Tekton's; \(once.count) to add, \(added.count) came, "
                    + "\(Set(added).count) different ones"
            )
        }
    }

    @Test("kill -9 of one: what it had not sent, the others send when its Lease has run out")
    func kill() async throws {
        // Nothing has been sent when it is killed.
        try await ReplicaStage.run(Self.some, count: 3, leases: "2s", hold: "1s") { stage in
            stage.apiServer.advanceToEnd()
            stage.gateways[1].send(signal: SIGKILL)
            for number in [0, 2] { await stage.expectReplicas([0, 2], in: stage.gateways[number]) }
            try await stage.expectAll()
        }
    }

    @Test("one that ends tells the others, who need not wait for its Lease to run out")
    func leave() async throws {
        try await ReplicaStage.run(Self.some, count: 3, leases: "10m") { stage in
            stage.apiServer.advance(to: .seconds(6))
            #expect(await stage.gateways[0].stop() == .code(0))
            #expect(stage.apiServer.leases.all.map(\.holder) == ["replica-1", "replica-2"])
            for number in [1, 2] { await stage.expectReplicas([1, 2], in: stage.gateways[number]) }
            stage.apiServer.advanceToEnd()
            try await stage.expectAll()
            let verbs = Set(stage.apiServer.leases.requests.map { "\($0.verb)" })
            #expect(verbs == (try Rights.grantedForLeases()))
            #expect(stage.apiServer.leases.requests.allSatisfy { $0.namespace == "lab" })
        }
    }

    @Test("without the right to Leases it says so once, and works as without sharding")
    func forbidden() async throws {
        let settings = [
            "processors.tekton_steps.sharding.enabled=true",
            "processors.tekton_steps.sharding.lease_duration=1s",
            "processors.tekton_steps.sharding.renew_interval=100ms",
        ]
        try await Stage.run(["success", "step-fails"], settings) { apiServer, _ in
            apiServer.leases.fail(with: .forbidden)
        } _: { stage in
            await stage.waitUntilFollowing()
            await stage.expectLog("no right to Leases; grant list, create, update, delete")
            try await stage.sendAll()
            stage.apiServer.advanceToEnd()
            try await stage.expectEverything()
            #expect(stage.gateway.output.lines.count { $0.text.contains("no right to Leases") } == 1)
            #expect(try await stage.metrics()["steptrace_sharding_replicas", ["processor": "tekton_steps"]] == 0)
        }
    }

    @Test("a replica that is alone adds everything, and says in its metrics what it has")
    func alone() async throws {
        let settings = ["processors.tekton_steps.sharding.enabled=true", "processors.tekton_steps.max_hold=10m"]
        try await Stage.run(["success"], settings) { stage in
            await stage.waitUntilFollowing()
            await stage.expectLog("Replicas that share the TaskRuns")
            stage.apiServer.advance(to: .seconds(6))
            let labels = ["processor": "tekton_steps"]
            let metrics = try await stage.metrics { $0["steptrace_sharding_owned_task_runs", labels] == 1 }
            #expect(metrics["steptrace_sharding_owned_task_runs", labels] == 1)
            #expect(metrics["steptrace_sharding_replicas", labels] == 1)
            #expect(metrics["steptrace_sharding_taken_over_task_runs", labels] == 0)
            try await stage.sendAll()
            stage.apiServer.advanceToEnd()
        }
    }

    @Test("a configuration that changes keeps the Lease, unless what is shared changes with it")
    func reload() async throws {
        try await Slots.use {
            let apiServer = ReplayAPIServer([])
            try await apiServer.start()
            let url = apiServer.url
            func text(hold: String, group: String) -> String {
                """
                receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
                processors:
                  tekton_steps:
                    auth_type: none
                    api_server: \(url)
                    max_hold: \(hold)
                    sharding: {enabled: true, group: \(group), identity: one}
                exporters: {debug: }
                service:
                  telemetry: {metrics: {level: none}}
                  pipelines: {traces: {receivers: [otlp], processors: [tekton_steps], exporters: [debug]}}
                """
            }
            let folder = try TemporaryFolder()
            let file = try folder.write("config.yaml", text(hold: "1s", group: "first"))
            let gateway = try await GatewayProcess.start(Steptrace.path, arguments: ["--config", file])
            try await gateway.waitUntilReady()
            #expect(await apiServer.leases.waitUntil { $0.count == 1 }, "\(gateway.output.text)")
            let before = apiServer.leases.all
            #expect(before.first?.name.hasPrefix("first-one-") == true && before.first?.namespace == "default")

            _ = try folder.write("config.yaml", text(hold: "2s", group: "first"))
            let isReloaded = await gateway.waitUntil { $0.contains("The configuration has been reloaded.") }
            #expect(isReloaded, "\(gateway.output.text)")
            #expect(apiServer.leases.all == before)

            _ = try folder.write("config.yaml", text(hold: "2s", group: "second"))
            let isAnother = await apiServer.leases.waitUntil {
                $0.count == 1 && $0.first?.name.hasPrefix("second-") == true
            }
            #expect(isAnother, "\(apiServer.leases.all) \(gateway.output.text)")
            #expect(await gateway.stop() == .code(0))
            #expect(apiServer.leases.all.isEmpty)
            await apiServer.stop()
        }
    }
}
