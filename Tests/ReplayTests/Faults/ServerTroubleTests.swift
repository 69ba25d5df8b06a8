import Testing

@testable import Kubernetes
@testable import Replay
@testable import Tekton

/// The reflector, when it is the whole server that is not as it was.
@Suite("A reflector and an API server in trouble", .timeLimit(.minutes(2)))
struct ServerTroubleTests {
    /// A follower that has reached a server with some pods.
    private func withFollower(
        patience: Duration? = nil,
        _ body: (ReplayAPIServer, Follower<Pod>, inout World) async throws -> Void
    ) async throws {
        var world = World(seed: 2)
        let server = ReplayAPIServer([])
        try world.change(server, times: 12)
        try await server.run { server in
            let follower = try Follower<Pod>(server, .pods, patience: patience)
            #expect(await follower.reaches(server))
            #expect(await server.waitUntil { $0.watchCount == 1 })
            try await body(server, follower, &world)
            try world.change(server, times: 5)
            #expect(await follower.reaches(server), "in the end")
            await follower.stop()
            #expect(follower.told.value.problems.isEmpty)
        }
    }

    private func isRefused(_ follower: Follower<Pod>, times: Int) async -> Bool {
        await follower.told.wait(timeout: .seconds(20)) { $0.errors.count { $0 == .connect } >= times }
    }

    @Test("its port closed for a while: the watch goes on, without a list")
    func away() async throws {
        try await withFollower { server, follower, world in
            await server.stop()
            #expect(await isRefused(follower, times: 3))
            try world.change(server, times: 5)
            try await server.start()
            #expect(await follower.reaches(server))
            #expect(server.beginnings == 1)
        }
    }

    @Test("restarted, so that it does not know the past: one list")
    func restart() async throws {
        try await withFollower { server, follower, world in
            for count in 2...4 {
                await server.stop()
                try world.change(server, times: 5)
                try await server.restart()
                #expect(await follower.reaches(server))
                #expect(server.beginnings == count)
            }
        }
    }

    @Test("restored from a backup: what has not happened is forgotten")
    func restore() async throws {
        try await withFollower(patience: .milliseconds(500)) { server, follower, world in
            server.traits.bookmarks = .always
            let backup = server.backup()
            try world.change(server, times: 20)
            #expect(await follower.reaches(server))
            try await server.restore(backup)
            world.restore(server)
            #expect(await follower.reaches(server))
        }
    }

    @Test("compacted while it is watched: nothing; compacted and then cut off: one list")
    func compaction() async throws {
        try await withFollower { server, follower, world in
            server.expire()
            try world.change(server, times: 5)
            #expect(await follower.reaches(server))
            #expect(server.beginnings == 1)
            server.expire()
            server.breakWatches()
            try world.change(server, times: 5)
            #expect(await follower.reaches(server))
            #expect(server.beginnings == 2)
        }
    }

    @Test("with bookmarks a watch of what does not change outlives compactions")
    func bookmarks() async throws {
        try await withFollower { server, follower, world in
            for round in 0..<3 {
                for count in 0..<20 {
                    server.change(.added, try Fixtures.object(.taskRuns, "t\(round)-\(count)"))
                }
                server.expire()
                server.sendBookmarks()
                server.endWatches()
                #expect(await server.waitUntil { $0.watchCount == 1 })
            }
            #expect(server.beginnings == 1)
        }
    }

    @Test("without bookmarks it is listed again")
    func noBookmarks() async throws {
        try await withFollower { server, follower, world in
            server.traits.bookmarks = .never
            for count in 2...4 {
                server.change(.added, try Fixtures.object(.taskRuns, "t\(count)"))
                server.expire()
                server.sendBookmarks()
                server.endWatches()
                try world.change(server, times: 5)
                #expect(await follower.reaches(server))
                #expect(server.beginnings == count)
            }
        }
    }

    @Test("with a bookmark behind every change it is no other")
    func manyBookmarks() async throws {
        try await withFollower { server, follower, world in
            server.traits.bookmarks = .always
            try world.change(server, times: 20)
            #expect(await follower.reaches(server))
            #expect(server.beginnings == 1)
            #expect(follower.told.value.errors.isEmpty)
        }
    }

    @Test("behind the others: nothing that is known is taken back")
    func behind() async throws {
        try await withFollower { server, follower, world in
            let behind = server.objects(ObjectQuery(resource: .pods))
            server.holdCache()
            try world.change(server, times: 5)
            let latest = server.objects(ObjectQuery(resource: .pods))
            server.endWatches()
            #expect(await server.waitUntil { $0.watchCount == 1 })
            server.failWatches(with: .forbidden)
            #expect(await follower.told.wait(timeout: .seconds(20)) { $0.errors.contains(.forbidden) })
            #expect(await server.waitUntil { $0.watchCount == 1 })
            #expect([behind, latest].contains(follower.told.value.objects))
            server.releaseCache()
            #expect(await follower.reaches(server))
        }
    }

    @Test("silent on every watch after its first event: what follows comes with the next watch")
    func silent() async throws {
        try await withFollower(patience: .milliseconds(500)) { server, follower, world in
            server.fail(.event(1), with: .hang, times: 5)
            try world.change(server, times: 12)
            #expect(await follower.reaches(server))
            #expect(await server.waitUntil { $0.pendingFaults.isEmpty })
            // More than one only where the machine is slower than the client is patient.
            #expect(server.beginnings <= 3)
        }
    }

    @Test(
        "whatever it makes of streaming lists",
        arguments: [APIServerTraits.StreamingLists.supported, .disabled, .refused, .ignored, .endless]
    )
    func streamingLists(kind: APIServerTraits.StreamingLists) async throws {
        try await withFollower(patience: .milliseconds(500)) { server, follower, world in
            server.traits.streamingLists = kind
            for _ in 0..<2 {
                server.expire()
                server.endWatches()
                try world.change(server, times: 5)
                #expect(await follower.reaches(server))
            }
            #expect(server.beginnings <= 6)
        }
    }

    @Test("without its custom resources for a while, at the start and later")
    func noTekton() async throws {
        let server = ReplayAPIServer([try Fixtures.recording("pipelinerun")])
        server.serveTekton(false)
        try await server.run { server in
            let follower = try Follower<TaskRun>(server, .taskRuns)
            for round in 1...2 {
                let missed = await follower.told.wait(timeout: .seconds(20)) {
                    $0.errors.count { $0 == .notFound } >= 3 * round
                }
                #expect(missed)
                for _ in 0..<50 { server.step() }
                server.serveTekton(true)
                #expect(await follower.reaches(server))
                #expect(await server.waitUntil { $0.watchCount == 1 })
                server.serveTekton(false)
            }
            server.serveTekton(true)
            server.advanceToEnd()
            #expect(await follower.reaches(server))
            await follower.stop()
            // Looked up, asked for and watched; measured: 18.
            #expect(server.requests.count <= 40)
        }
    }
}
