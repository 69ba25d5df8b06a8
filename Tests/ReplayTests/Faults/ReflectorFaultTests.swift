import Testing

@testable import Kubernetes
@testable import Replay
@testable import Tekton

/// The reflector against every fault that the replaying API server can play: in the end it has told of exactly the objects
/// that there are, and has not asked more often than the fault is worth.
@Suite("A reflector and each fault of the API server", .timeLimit(.minutes(5)))
struct ReflectorFaultTests {
    @Test("in the end everything is as without the fault", arguments: FaultCase.all)
    func each(fault: FaultCase) async throws {
        var world = World(seed: 1)
        let server = ReplayAPIServer([])
        try world.change(server, times: 12)
        server.traits = fault.traits
        server.inject(fault.fault)
        try await server.run { server in
            let follower = try Follower<Pod>(
                server,
                .pods,
                streams: fault.streams,
                // What a fault costs is counted here, not what happens while it lasts: it ends when it has struck.
                haste: 1000,
                patience: fault.isSilent ? .milliseconds(500) : nil
            )
            #expect(await follower.reaches(server), "at the start")
            try world.change(server, times: 8)
            #expect(await follower.reaches(server), "after the start")
            await expectStruck(fault, server, since: 0)

            let count = server.requests.count
            server.inject(fault.fault)
            if fault.provocation == .expiry { server.expire() }
            server.endWatches()
            try world.change(server, times: 8)
            #expect(await follower.reaches(server), "in the middle")
            await expectStruck(fault, server, since: count)

            server.recover()
            try world.change(server, times: 8)
            #expect(await follower.reaches(server), "in the end")
            await follower.stop()
            expectFewRequests(fault, server)
            let told = follower.told.value
            #expect(told.problems.isEmpty)
            #expect(told.waited <= .seconds(30) * told.errors.count)
        }
    }

    /// The fault has happened, unless it is one of streaming lists and the client has given them up.
    private func expectStruck(_ fault: FaultCase, _ server: ReplayAPIServer, since count: Int) async {
        if fault.isOfStreamingList,
            !server.requests[count...].contains(where: { $0.query.contains("sendInitialEvents=true") })
        {
            server.recover()
        }
        #expect(await server.waitUntil { $0.pendingFaults.isEmpty })
    }

    /// What it may cost: no list where another watch does, and one for each time that the fault strikes where it does not.
    private func expectFewRequests(_ fault: FaultCase, _ server: ReplayAPIServer) {
        // In the first half and in the second.
        let strikes = 2 * fault.times
        // At the start, and where the past was forgotten.
        let needed = (fault.provocation == .expiry ? 2 : 1) + fault.surplus
        let watches = server.requests.count { $0.verb == .watch && !$0.query.contains("sendInitialEvents=true") }
        #expect(server.beginnings <= needed + (fault.remedy == .list ? strikes : 0))
        // One that is silent is begun anew also when there is nothing to tell.
        #expect(watches <= strikes + 3 || fault.isSilent)
    }
}
