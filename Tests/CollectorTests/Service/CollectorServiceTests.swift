import Logging
import NIOCore
import NIOEmbedded
import ServiceLifecycleTestKit
import Testing

@testable import Collector

@Suite(.timeLimit(.minutes(1))) struct CollectorServiceTests {
    let journal = Journal()

    func makeService(_ text: String) throws -> CollectorService {
        let configuration = try CollectorConfiguration(
            YAMLText.parse(text, source: "c.yaml"),
            factories: TestComponent.factories(journal)
        )
        return try CollectorService(configuration, eventLoopGroup: EmbeddedEventLoop(), makeLogger: journal.logger)
    }

    static let one = """
        receivers: {in: }
        processors: {pass/a: , pass/b: }
        exporters: {out: }
        extensions: {health: }
        service:
          extensions: [health]
          pipelines: {traces: {receivers: [in], processors: [pass/a, pass/b], exporters: [out]}}
        """

    @Test func batchesPassProcessorsInTheirOrderAndComponentsStopFromTheFront() async throws {
        let service = try makeService(Self.one)
        #expect(journal.all == ["health", "out", "pass/b", "pass/a", "in"].map { "create \($0)" })
        #expect(!service.statuses.isReady)
        try await testGracefulShutdown { trigger in
            async let run: Void = service.run()
            await journal.wait(for: "Everything is ready")
            #expect(service.statuses.isReady)
            #expect(service.statuses.current().count == 5)
            #expect(service.statuses.current()["processor:pass/a"] == .ok)
            trigger.triggerGracefulShutdown()
            try await run
        }
        let entries = journal.all
        #expect(
            entries.filter { $0.hasPrefix("batch") } == ["batch at pass/a", "batch at pass/b", "batch at out"]
        )
        #expect(
            entries.filter { $0.hasPrefix("stop") } == ["in", "pass/a", "pass/b", "out", "health"].map { "stop \($0)" }
        )
        let logs = entries.filter { $0.hasPrefix("info service ") }.map { $0.dropFirst("info service ".count) }
        #expect(logs.first?.hasPrefix("Starting steptrace... {\"NumCPU\": ") == true)
        #expect(
            logs.dropFirst() == [
                "Everything is ready. Begin running and processing data.", "Starting shutdown...", "Shutdown complete.",
            ]
        )
        #expect(!service.statuses.isReady)
        #expect(service.statuses.current()["exporter:out"] == .stopped)
    }

    @Test func componentsInSeveralPipelinesAreSharedExceptProcessors() async throws {
        let service = try makeService(
            """
            receivers: {in: }
            processors: {pass: }
            exporters: {out: , out/2: }
            service:
              pipelines:
                traces: {receivers: [in], processors: [pass], exporters: [out, out/2]}
                traces/b: {receivers: [in], processors: [pass], exporters: [out]}
            """
        )
        #expect(journal.all == ["out", "out/2", "pass", "pass", "in"].map { "create \($0)" })
        async let run: Void = service.run()
        await journal.wait(for: "Everything is ready")
        #expect(
            service.statuses.current().keys.sorted() == [
                "exporter:out", "exporter:out/2", "processor:pass@traces", "processor:pass@traces/b", "receiver:in",
            ]
        )
        await service.triggerGracefulShutdown()
        try await run
        #expect(journal.all.count { $0 == "batch at out" } == 2)
        #expect(journal.all.count { $0 == "batch at out/2" } == 1)
        #expect(journal.all.count { $0.hasPrefix("in accepted") } == 1)
    }

    @Test func allComponentsThatCannotBeCreatedAreNamed() {
        let failure = ComponentFailure(component: "exporter:out", phase: .create, reason: "no certificate")
        let other = ComponentFailure(component: "receiver:in", phase: .create, reason: "no certificate")
        #expect(throws: ComponentFailures([failure, other])) {
            try makeService(
                Self.one.replacing("exporters: {out: }", with: "exporters: {out: {failure: create}}")
                    .replacing("receivers: {in: }", with: "receivers: {in: {failure: create}}")
            )
        }
        #expect(failure.description == "cannot create exporter:out: no certificate")
    }

    @Test func aComponentThatFailsEndsTheWhole() async throws {
        let service = try makeService(Self.one.replacing("receivers: {in: }", with: "receivers: {in: {failure: run}}"))
        let failure = ComponentFailure(component: "receiver:in", phase: .run, reason: "address already in use")
        await #expect(throws: failure) { try await service.run() }
        #expect(failure.description == "receiver:in failed: address already in use")
        #expect(service.statuses.current()["receiver:in"] == .permanentError("address already in use"))
        #expect(!journal.all.contains { $0.contains("Everything is ready") })
        let cause = journal.all.firstIndex {
            $0 == "error receiver:in The component has failed. {\"error\": \"address already in use\"}"
        }
        let end = journal.all.firstIndex { $0.contains("Starting shutdown...") }
        #expect(try #require(cause) < #require(end), "\(journal.all)")
        // The others are drained all the same.
        #expect(journal.all.contains("stop out"))
    }

    @Test func aComponentThatEndsByItselfEndsTheWhole() async throws {
        let service = try makeService(
            Self.one.replacing("extensions: {health: }", with: "extensions: {health: {failure: end}}")
        )
        await #expect(
            throws: ComponentFailure(component: "extension:health", phase: .run, reason: "it ended by itself")
        ) { try await service.run() }
    }

    @Test func aShutdownThatTakesTooLongIsCutOff() async throws {
        let service = try makeService(
            """
            receivers: {in: }
            exporters: {out: {failure: hang}}
            service: {shutdown_timeout: 0s, pipelines: {traces: {receivers: [in], exporters: [out]}}}
            """
        )
        async let run: Void = service.run()
        await journal.wait(for: "Everything is ready")
        await service.triggerGracefulShutdown()
        try await run
        let warning =
            "warn exporter:out Ended before it was done: the shutdown took longer than service::shutdown_timeout."
        #expect(journal.all.contains(warning))
        #expect(journal.all.last == "info service Shutdown complete.")
    }

    @Test(arguments: ["receiver:in/2", "processor:pass/2", "exporter:out/2", "extension:health/2"])
    func whatTakesLongDoesNotHoldUpOthersOfItsKind(hanging: String) async throws {
        let id = String(hanging.drop { $0 != ":" }.dropFirst())
        let text = """
            receivers: {in: , in/2: }
            processors: {pass: , pass/2: }
            exporters: {out: , out/2: }
            extensions: {health: , health/2: }
            service:
              shutdown_timeout: 10m
              extensions: [health, health/2]
              pipelines:
                traces: {receivers: [in], processors: [pass], exporters: [out]}
                traces/2: {receivers: [in/2], processors: [pass/2], exporters: [out/2]}
            """
        let service = try makeService(text.replacing("\(id): }", with: "\(id): {held: true}}"))
        async let run: Void = service.run()
        await journal.wait(for: "Everything is ready")
        await service.triggerGracefulShutdown()
        await journal.wait(for: "stop \(id.prefix { $0 != "/" })")
        #expect(!journal.all.contains("stop \(id)"))
        journal.letGo()
        try await run
        #expect(journal.all.contains("stop \(id)"))
    }

    @Test func aShutdownBeforeTheStartIsNotLost() async throws {
        let service = try makeService(Self.one)
        await service.triggerGracefulShutdown()
        try await service.run()
        #expect(journal.all.last == "info service Shutdown complete.")
    }
}
