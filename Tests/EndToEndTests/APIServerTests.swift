import Replay
import Testing

@Suite("The API server is not well")
struct APIServerTests {
    private static let processor = "processor:tekton_steps"
    private static let recovered = "The API server can be followed again"

    /// The gateway starts, says what is wrong, and passes spans through; then `repair` makes all well.
    private func run(
        says: [String],
        _ prepare: (ReplayAPIServer) async throws -> Void,
        repair: (ReplayAPIServer) async throws -> Void
    ) async throws {
        try await Stage.run(["success", "step-fails"]) { server, _ in
            try await prepare(server)
        } _: { stage in
            for text in says { await stage.expectLog(text) }
            let ill = try await stage.health { $0.components[Self.processor]?.error != nil }
            #expect(ill.status == "Server available")
            #expect(ill.components[Self.processor]?.status == "StatusRecoverableError")
            let error = ill.components[Self.processor]?.error ?? ""
            #expect(says.dropFirst().contains { error.contains($0) }, "\(error)")
            try await stage.sendAll()
            try await stage.expectOnlySent()

            try await repair(stage.apiServer)
            await stage.waitUntilFollowing()
            await stage.expectLog(Self.recovered)
            stage.apiServer.advanceToEnd()
            try await stage.expectEverything()
            let well = try await stage.health { $0.components[Self.processor]?.status == "StatusOK" }
            #expect(well.components[Self.processor] == Stage.Health.Component(status: "StatusOK", error: nil))
        }
    }

    @Test("away at the start: spans pass through, and steps are added once it is there")
    func away() async throws {
        try await run(
            says: ["steps are added once it can be", "cannot reach the API server at http://127.0.0.1:"]
        ) { server in
            await server.stop()
        } repair: { server in
            try await server.start()
        }
    }

    @Test("forbidden: the message names what to grant")
    func forbidden() async throws {
        try await run(
            says: [
                "steps are added once it can be", "grant list, watch on taskruns in tekton.dev",
                "grant list, watch on pods in the core group",
                "grant list, watch on events in the core group",
            ]
        ) { server in
            server.fail(with: .status(.forbidden))
        } repair: { server in
            server.recover()
        }
    }

    @Test("without Tekton: the message asks whether it is installed")
    func notInstalled() async throws {
        try await run(
            says: [
                "steps are added once it can be", "the cluster does not serve taskruns.tekton.dev, is it installed?",
            ]
        ) { server in
            server.serveTekton(false)
        } repair: { server in
            server.serveTekton(true)
        }
    }

    @Test("Tekton removed and installed again while it runs: said, and followed anew")
    func reinstalled() async throws {
        try await Stage.run(["success", "pipelinerun"]) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            stage.apiServer.advance(to: .seconds(5))
            stage.apiServer.serveTekton(false)
            stage.apiServer.endWatches()
            await stage.expectLog("the cluster does not serve taskruns.tekton.dev, is it installed?")
            let ill = try await stage.health { $0.components[Self.processor]?.error != nil }
            #expect(ill.components[Self.processor]?.error?.contains("taskruns.tekton.dev") == true)
            stage.apiServer.serveTekton(true)
            await stage.waitUntilFollowing()
            await stage.expectLog(Self.recovered)
            stage.apiServer.advanceToEnd()
            try await stage.expectEverything()
            _ = try await stage.health { $0.components[Self.processor]?.status == "StatusOK" }
        }
    }

    @Test("forbidden for long: said once, shown all the time")
    func forbiddenForLong() async throws {
        try await Stage.run(["success"]) { server, _ in
            server.fail(with: .status(.forbidden))
        } _: { stage in
            #expect(
                await stage.apiServer.waitUntil { activity in
                    activity.requests.count(where: { $0.resource == .events && $0.verb == .list }) >= 3
                }
            )
            let ill = try await stage.health { $0.components[Self.processor]?.error != nil }
            #expect(ill.components[Self.processor]?.error?.contains("grant list, watch on events") == true)
            let lines = stage.gateway.output.text.split(separator: "\n")
            let said = lines.count(where: { $0.contains("grant list, watch on events") })
            #expect(said == 1, "\(stage.gateway.output.text)")
        }
    }

    @Test("overloaded, failing and cutting answers off: each is tried again")
    func overloaded() async throws {
        try await run(
            says: [
                "steps are added once it can be", "Too many requests, please try again later.",
                "etcdserver: request timed out",
            ]
        ) { server in
            // Whichever way they are asked for.
            for place in [APIFault.Place.streamingList, .list] {
                server.fail(place, .taskRuns, with: .status(.tooManyRequests))
                server.fail(place, .pods, with: .status(.internalError))
                server.fail(place, .events, with: .cutOff)
            }
        } repair: { server in
            server.recover()
        }
    }

    @Test("it never answers: the gateway is ready all the same, and ends at once")
    func hangs() async throws {
        try await Stage.run(["success"]) { server, _ in
            server.fail(with: .hang)
        } _: { stage in
            #expect(await stage.apiServer.waitUntil { !$0.requests.isEmpty })
            try await stage.sendAll()
            try await stage.expectOnlySent()
            let start = ContinuousClock.now
            #expect(await stage.gateway.stop() == .code(0))
            #expect(ContinuousClock.now - start < .seconds(5))
        }
    }

    /// Plays with the time stopped twice in the middle for `disturb`, which must be survived.
    private func run(disturbedBy disturb: (ReplayAPIServer) async throws -> Void) async throws {
        try await Stage.run(["success", "pipelinerun"]) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            for second in [5, 10] {
                stage.apiServer.advance(to: .seconds(second))
                try await disturb(stage.apiServer)
                await stage.waitUntilFollowing()
            }
            stage.apiServer.advanceToEnd()
            try await stage.expectEverything()
        }
    }

    @Test("away in the middle: what has happened meanwhile is caught up with")
    func awayInTheMiddle() async throws {
        try await run { server in
            await server.stop()
            _ = server.step()
            try await server.start()
        }
    }

    @Test("watches cut off in the middle of a line are taken up again")
    func cut() async throws {
        try await run { $0.breakWatches() }
    }

    @Test("watches that end are taken up again")
    func ended() async throws {
        try await run { $0.endWatches() }
    }

    @Test("410, as the answer to a watch and as an event: all is listed anew")
    func expired() async throws {
        try await run { server in
            server.expire()
            server.endWatches()
        }
        try await run { $0.failWatches(with: .expired) }
    }

    @Test(
        "with a kubeconfig its token is sent; that of a plugin too, which is asked again when it is refused",
        arguments: ["token", "exec"],
        ["kubeconfig", "KUBECONFIG"]
    )
    func kubeconfig(user: String, namedBy way: String) async throws {
        let server = ReplayAPIServer([], token: "secret")
        try await server.start()
        let folder = try TemporaryFolder()
        let plugin = try folder.write(
            "plugin",
            """
            [ -e \(folder.path)/asked ] && token=secret || token=stale; touch \(folder.path)/asked
            echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"'$token'"}}'
            """
        )
        let users = [
            "token": "{token: secret}",
            "exec": "{exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, "
                + "command: /bin/sh, args: [\(plugin)]}}",
        ]
        let file = try folder.write(
            "kubeconfig",
            """
            apiVersion: v1
            kind: Config
            current-context: test
            contexts: [{name: test, context: {cluster: test, user: test}}]
            clusters: [{name: test, cluster: {server: "\(server.url)"}}]
            users: [{name: test, user: \(users[user] ?? "")}]
            """
        )
        let isVariable = way == "KUBECONFIG"
        let configuration = """
            yaml:
            receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
            processors: {tekton_steps: {auth_type: kubeConfig\(isVariable ? "" : ", kubeconfig: \(file)")}}
            exporters: {debug: }
            service:
              pipelines: {traces: {receivers: [otlp], processors: [tekton_steps], exporters: [debug]}}
              telemetry: {metrics: {level: none}}
            """
        let gateway = try await Steptrace.start(
            "--config",
            configuration,
            environment: isVariable ? ["KUBECONFIG": file] : [:]
        )
        #expect(await server.waitUntil { $0.watchCount == 3 }, "\(gateway.output.text)")
        let refused = server.requests.filter { $0.authorization != "Bearer secret" }
        // Watches that begin at the same moment may all have been given the first.
        #expect(user == "exec" ? (1...3).contains(refused.count) : refused.isEmpty)
        #expect(refused.allSatisfy { $0.authorization == "Bearer stale" })
        #expect(await gateway.stop() == .code(0))
        await server.stop()
    }
}
