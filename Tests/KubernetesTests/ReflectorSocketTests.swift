import Logging
import Testing

@testable import Kubernetes

@Suite(.timeLimit(.minutes(1))) struct ReflectorSocketTests {
    /// What the reflector told, one at a time.
    private struct Telling {
        private var events: AsyncStream<ReflectorEvent<Build>>.AsyncIterator

        init(_ events: AsyncStream<ReflectorEvent<Build>>) {
            self.events = events.makeAsyncIterator()
        }

        /// Failures aside: how many there are is a matter of timing.
        mutating func next(_ count: Int) async -> [String] {
            var words: [String] = []
            while words.count < count, let event = await events.next() {
                switch event {
                case .applied(let build): words.append("applied \(build.metadata.name)")
                case .deleted(let key, let last): words.append("deleted \(key.name) \(last == nil ? "unseen" : "seen")")
                case .synced: words.append("synced")
                case .recovered: words.append("recovered")
                case .failed: continue
                }
            }
            return words
        }

        /// Reads on until the server is away; how a watch breaks before that is a matter of timing.
        mutating func untilRefused() async -> Bool {
            while let event = await events.next() {
                if case .failed(let error, _) = event, error.kind == .connect { return true }
            }
            return false
        }
    }

    /// Follows the server until the task is cancelled.
    private func follow(
        port: Int,
        _ configuration: ReflectorStateMachine.Configuration = .init()
    ) throws -> (Task<Void, Never>, Telling) {
        let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
        let settings = ClusterAccessSettings(authType: .none, apiServer: "http://127.0.0.1:\(port)")
        let environment = TestFiles([:]).environment()
        let client = try KubernetesClient(
            access: try settings.access(in: environment),
            environment: environment,
            userAgent: "steptrace/test",
            logger: logger
        )
        let (stream, continuation) = AsyncStream<ReflectorEvent<Build>>.makeStream()
        let reflector = Reflector<Build>(
            client: client,
            selection: ObjectSelection(),
            configuration: configuration,
            sleep: { _ in try await Task.sleep(for: .milliseconds(20)) },
            logger: logger,
            handler: { continuation.yield($0) }
        )
        return (Task { await reflector.run() }, Telling(stream))
    }

    @Test func aConnectionThatStaysOpenAndSaysNothingIsGivenUp() async throws {
        let server = FakeAPIServer()
        let port = try await server.start()
        server.apply("a")
        let (run, telling) = try follow(
            port: port,
            .init(
                watchTimeoutSeconds: 300...300,
                longestSilence: .milliseconds(400),
                watchMargin: .milliseconds(-299_600)
            )
        )
        var told = telling
        #expect(await told.next(2) == ["applied a", "synced"])
        var watches = server.watches.makeAsyncIterator()
        for _ in 0..<2 { #expect(await watches.next()?.contains("resourceVersion=2&") == true) }
        server.apply("b")
        #expect(await told.next(1) == ["applied b"])
        #expect(server.listCount == 1)
        run.cancel()
        await run.value
        try await server.stop()
    }

    @Test func aServerThatIgnoresWhatItDoesNotKnowIsAskedForAList() async throws {
        let server = FakeAPIServer()
        let port = try await server.start()
        server.apply("a")
        let (run, telling) = try follow(
            port: port,
            .init(streamsLists: true, longestInitialSilence: .milliseconds(400), longestInitialEvents: .seconds(60))
        )
        var told = telling
        // As the events of a watch, then as a list.
        #expect(await told.next(3) == ["applied a", "applied a", "synced"])
        #expect(server.listCount == 1)
        run.cancel()
        await run.value
        try await server.stop()
    }

    @Test func aStreamingListIsFollowedAcrossRestartsAndCompaction() async throws {
        let server = FakeAPIServer(streamsLists: true)
        let port = try await server.start()
        server.apply("a")
        server.apply("b")
        let (run, telling) = try follow(port: port, .init(streamsLists: true))
        var told = telling
        #expect(await told.next(3) == ["applied a", "applied b", "synced"])
        server.apply("c")
        #expect(await told.next(1) == ["applied c"])
        try await server.stop()
        #expect(await told.untilRefused())
        server.delete("b")
        server.apply("d")
        server.compact()
        _ = try await server.start(port: port)
        #expect(await told.next(1) == ["recovered"])
        #expect(
            await told.next(6) == ["applied a", "applied c", "applied d", "deleted b unseen", "synced", "recovered"]
        )
        #expect(server.listCount == 0)
        run.cancel()
        await run.value
        try await server.stop()
    }

    @Test func followsARealServerAcrossRestartsAndCompaction() async throws {
        let server = FakeAPIServer()
        let port = try await server.start()
        server.apply("a")
        server.apply("b")
        let (run, telling) = try follow(port: port)
        var told = telling

        #expect(await told.next(3) == ["applied a", "applied b", "synced"])
        server.apply("c")
        server.delete("a")
        #expect(await told.next(2) == ["applied c", "deleted a seen"])

        // Away for a while: the watch goes on where it was, without a list.
        try await server.stop()
        #expect(await told.untilRefused())
        server.apply("d")
        _ = try await server.start(port: port)
        #expect(await told.next(2) == ["recovered", "applied d"])
        #expect(server.listCount == 1)

        // Away for too long: what happened meanwhile comes out of a list.
        try await server.stop()
        #expect(await told.untilRefused())
        server.delete("b")
        server.apply("e")
        server.compact()
        _ = try await server.start(port: port)
        #expect(await told.next(1) == ["recovered"])
        let relisted = await told.next(5)
        #expect(relisted == ["applied c", "applied d", "applied e", "deleted b unseen", "synced"])
        #expect(await told.next(1) == ["recovered"])
        server.apply("f")
        #expect(await told.next(1) == ["applied f"])

        run.cancel()
        await run.value
        try await server.stop()
    }
}
