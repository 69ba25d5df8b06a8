import Replay
import Testing

@Suite("A cluster that only serves tekton.dev/v1beta1")
struct OldTektonTests {
    // Alone, as with v1: see RecordingTests.
    @Test("the spans are those of v1, to the byte")
    func spans() async throws {
        try await Stage.run(Fixtures.scenarios, isAlone: true) { server, _ in
            server.traits.tektonVersions = [.v1beta1]
        } _: { stage in
            await stage.waitUntilFollowing()
            stage.apiServer.advanceToEnd()
            try await stage.sendAll()
            // What is expected is computed from the objects in v1.
            try await stage.expectEverything()
            let places = try Fixtures.scenarios.flatMap { try Fixtures.places($0) }
            #expect(stage.backend.contents.injected.map(\.place).sorted() == places.sorted())
            let paths = stage.apiServer.requests.filter { $0.resource == .taskRuns }.map(\.path)
            #expect(!paths.isEmpty && paths.allSatisfy { $0 == "/apis/tekton.dev/v1beta1/taskruns" }, "\(paths)")
        }
    }

    @Test("what happens while it is watched is told in that version, too")
    func watched() async throws {
        try await Stage.run(["pipelinerun", "step-fails"]) { server, _ in
            server.traits.tektonVersions = [.v1beta1]
        } _: { stage in
            await stage.waitUntilFollowing()
            try await stage.play(speed: 10)
            try await stage.expectEverything()
        }
    }

    @Test("Tekton is brought up to date while the gateway runs: v1 is followed from then on")
    func upgraded() async throws {
        try await Stage.run(["success", "pipelinerun"]) { server, _ in
            server.traits.tektonVersions = [.v1beta1]
        } _: { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            stage.apiServer.advance(to: .seconds(5))
            stage.apiServer.traits.tektonVersions = [.v1]
            stage.apiServer.endWatches()
            #expect(
                await stage.apiServer.waitUntil { activity in
                    activity.requests.contains { $0.path == "/apis/tekton.dev/v1/taskruns" && $0.verb == .watch }
                        && activity.watchCount == 3
                },
                "\(stage.gateway.output.text)"
            )
            stage.apiServer.advanceToEnd()
            try await stage.expectEverything()
        }
    }
}
