import Replay
import Testing

/// Every other stage checks, too, that its gateway asks for nothing beyond these rights.
@Suite("Rights in the cluster")
struct RightsTests {
    /// Then everything is asked for: the stream, the list in its place, and the watch behind that.
    private static func withoutStreamingLists(_ server: ReplayAPIServer, _ backend: RecordingBackend) {
        server.traits.streamingLists = .disabled
    }

    @Test("the ClusterRole grants what the gateway asks for, and nothing else")
    func exactlyEnough() async throws {
        try await Stage.run(
            ["success", "step-fails", "pipelinerun"],
            prepare: Self.withoutStreamingLists
        ) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            stage.apiServer.advance(to: .seconds(5))
            // It has to list anew, too.
            stage.apiServer.expire()
            stage.apiServer.endWatches()
            await stage.waitUntilFollowing()
            stage.apiServer.advanceToEnd()
            try await stage.expectEverything()
            let granted = try Rights.granted()
            #expect(Rights.asked(for: stage.apiServer.requests) == granted)
        }
    }

    @Test("with namespaces, everything is asked for in these alone: Roles will do")
    func namespaced() async throws {
        let settings = ["processors.tekton_steps.namespaces=[default, ci]"]
        try await Stage.run(["success"], settings, prepare: Self.withoutStreamingLists) { stage in
            #expect(await stage.apiServer.waitUntil { $0.watchCount == 6 }, "\(stage.gateway.output.text)")
            let requests = stage.apiServer.requests.filter { $0.resource != nil }
            let granted = try Rights.granted()
            #expect(Rights.asked(for: requests) == granted)
            for request in requests {
                let isWithin = ["default", "ci"].contains { request.path.contains("/namespaces/\($0)/") }
                #expect(isWithin, "\(request.path)")
                // Nothing is asked for that a selector can keep away.
                switch request.resource {
                case .pods: #expect(request.query.contains("labelSelector=tekton.dev%2FtaskRun"))
                case .events: #expect(request.query.contains("fieldSelector=involvedObject.kind%3DPod"))
                default: break
                }
            }
        }
    }
}
