import Replay
import Testing

@Suite("Recorded runs go through the gateway")
struct RecordingTests {
    @Test(
        "all of Tekton's spans come out once and unchanged, with exactly the right ones added",
        arguments: Fixtures.scenarios
    )
    func scenario(name: String) async throws {
        // About half of them each way.
        let compression = name.utf8.count % 2 == 0 ? "gzip" : "none"
        try await Stage.run([name], ["exporters.otlp_http.compression=\(compression)"]) { stage in
            await stage.waitUntilFollowing()
            try await stage.play(speed: 10)
            try await stage.expectEverything()
            let places = try Fixtures.places(name)
            #expect(stage.backend.contents.injected.map(\.place).sorted() == places)
        }
    }

    // Alone: between the watches lie seconds where the machine is busy, and the gateway waits two for a late Event.
    @Test("all at once, as of one cluster, the spans before the objects")
    func spansFirst() async throws {
        try await Stage.run(Fixtures.scenarios, isAlone: true) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            try await stage.expectOnlySent()
            stage.apiServer.advanceToEnd()
            try await stage.expectEverything()
        }
    }

    @Test("all at once, as of one cluster, the objects before the spans")
    func objectsFirst() async throws {
        try await Stage.run(Fixtures.scenarios, isAlone: true) { stage in
            await stage.waitUntilFollowing()
            stage.apiServer.advanceToEnd()
            try await stage.sendAll()
            try await stage.expectEverything()
        }
    }

    @Test("nothing is added for runs that were over too long ago")
    func old() async throws {
        let settings = ["processors.tekton_steps.completed_max_age=1h"]
        try await Stage.run(["success", "step-fails"], settings) { server, _ in
            server.advanceToEnd()
        } _: { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            try await stage.expectOnlySent()
            #expect(await stage.gateway.stop() == .code(0))
            #expect(stage.backend.contents.injected.isEmpty)
        }
    }
}
