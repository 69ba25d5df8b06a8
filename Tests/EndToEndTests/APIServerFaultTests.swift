import Replay
import Testing

/// The built gateway, when the API server fails in the middle of runs. Tests/ReplayTests/Faults has every fault, against the
/// reflector alone.
@Suite("The API server fails in the middle")
struct APIServerFaultTests {
    enum Trouble: String, CaseIterable, CustomTestStringConvertible {
        case restart = "it is restarted"
        case compaction = "what it knows of the past is compacted while connections are cut"
        case silence = "its connections say nothing, and are closed later"
        case unauthorized = "it does not know the credentials any more"
        case midLine = "connections are cut in the middle of a line"
        case inChunk = "connections are cut in the middle of a chunk"
        case tooManyRequests = "it is asked too much, by watches and lists"
        case tooLarge = "it is behind the others"
        case proxy = "a proxy answers in its place"
        case noStreams = "it does not stream lists any more, and its lists are cut off"
        case noTekton = "it does not know tekton.dev"
        case pieces = "it sends a few bytes at a time"
        case longLines = "its objects are of more than a megabyte"

        var testDescription: String { rawValue }

        func strike(_ server: ReplayAPIServer) async throws {
            switch self {
            case .restart: try await server.restart()
            case .compaction:
                server.expire()
                server.breakWatches()
            case .silence:
                server.strikeWatches(with: .hang)
                _ = server.step()
                await server.stop()
                try await server.start()
            case .unauthorized: plan(.status(.unauthorized), at: .anything, server)
            case .midLine: server.breakWatches()
            case .inChunk: plan(.cutOffInChunk, at: .watch, server)
            case .tooManyRequests:
                plan(.status(.tooManyRequests), at: .watch, server)
                server.failWatches(with: .tooManyRequests)
            case .tooLarge:
                server.expire()
                plan(.status(.resourceVersionTooLarge), at: .streamingList, server)
            case .proxy:
                server.expire()
                plan(.html, at: .anything, server)
            case .noStreams:
                server.traits.streamingLists = .disabled
                server.expire()
                plan(.cutOff, at: .list, server)
            case .noTekton:
                server.serveTekton(false)
                let count = server.requests.count
                _ = await server.waitUntil { $0.requests.count > count }
                server.serveTekton(true)
            case .pieces: plan(.pieces(11), at: .watch, server)
            case .longLines: plan(.pad(1 << 20), at: .watch, server)
            }
        }

        /// Once for each watch, which ends.
        private func plan(_ effect: APIFault.Effect, at place: APIFault.Place, _ server: ReplayAPIServer) {
            for resource in [RecordedResource.taskRuns, .pods, .events] {
                server.inject(APIFault(effect, at: place, of: resource))
            }
            server.endWatches()
        }
    }

    @Test("the backend receives what it would have received without", arguments: Trouble.allCases)
    func survives(trouble: Trouble) async throws {
        try await Stage.run(["success", "pipelinerun"]) { stage in
            await stage.waitUntilFollowing()
            try await stage.sendAll()
            for second in [4, 8] {
                stage.apiServer.advance(to: .seconds(second))
                try await trouble.strike(stage.apiServer)
                stage.apiServer.advance(to: .seconds(second + 1))
            }
            stage.apiServer.advanceToEnd()
            try await stage.expectEverything(timeout: .seconds(60))
            // Of three resources, in trouble twice; measured: 8 to 23.
            #expect(stage.apiServer.requests.count <= 40)
        }
    }
}
