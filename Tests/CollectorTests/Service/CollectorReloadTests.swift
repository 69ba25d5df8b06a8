import NIOEmbedded
import Testing

@testable import Collector

@Suite(.timeLimit(.minutes(1))) struct CollectorReloadTests {
    let journal = Journal()

    static let one = """
        receivers: {in: }
        processors: {pass/a: , pass/b: }
        exporters: {out: , out/2: }
        extensions: {health: }
        service:
          extensions: [health]
          pipelines: {traces: {receivers: [in], processors: [pass/a, pass/b], exporters: [out]}}
        """

    func configuration(_ text: String) throws -> CollectorConfiguration {
        try CollectorConfiguration(
            YAMLText.parse(text, source: "c.yaml"),
            factories: TestComponent.factories(journal)
        )
    }

    /// Runs the service with ``one``, and with `changes` made to it, around `body`.
    func withService(
        _ changes: [String: String] = [:],
        metrics: MetricsRegistry = MetricsRegistry(),
        startTimeout: Duration = .seconds(60),
        _ body: (CollectorService) async throws -> Void
    ) async throws {
        let service = try CollectorService(
            configuration(text(changes)),
            eventLoopGroup: EmbeddedEventLoop(),
            metrics: metrics,
            startTimeout: startTimeout,
            makeLogger: journal.logger
        )
        async let run: Void = service.run()
        await journal.wait(for: "Everything is ready")
        try await body(service)
        await service.triggerGracefulShutdown()
        try await run
    }

    func text(_ changes: [String: String]) -> String {
        changes.reduce(Self.one) { $0.replacing($1.key, with: $1.value) }
    }

    /// Changes to ``one`` with changes, and returns what the journal has got by then.
    func reload(_ service: CollectorService, _ changes: [String: String]) async throws -> [String] {
        let before = journal.all.count
        let summary = try await service.reload(configuration(text(changes)))
        #expect(summary != nil)
        return Array(journal.all.dropFirst(before))
    }

    @Test func whatIsConfiguredAsBeforeRunsOn() async throws {
        try await withService { service in
            let made = try await reload(service, [:])
            #expect(made == [])
            #expect(journal.way(of: "x", from: "in") == ["pass/a", "pass/b", "out"])
            #expect(service.statuses.isReady)
        }
    }

    @Test func aChangedExporterIsReplacedAndWhatIsInFrontOfItRunsOn() async throws {
        try await withService { service in
            let made = try await reload(service, ["exporters: {out: ,": "exporters: {out: {limits: {size: 6}},"])
            #expect(made.first == "create out(6) after out")
            #expect(journal.way(of: "x", from: "in") == ["pass/a", "pass/b", "out(6)"])
            await journal.wait(for: "stop out")
            #expect(service.statuses.isReady)
            #expect(service.statuses.current()["exporter:out"] == .ok)
            #expect(service.statuses.current().count == 5)
            #expect(journal.all.filter { $0.hasPrefix("stop") } == ["stop out"])
        }
    }

    @Test func whatStaysReadsItsFilesAgain() async throws {
        let large = ["exporters: {out: ,": "exporters: {out: {limits: {size: 101}},"]
        try await withService(large) { service in
            let unchanged = try await reload(service, large)
            #expect(unchanged == ["reread out(101)"])
            let changed = try await reload(service, [:])
            #expect(!changed.contains("reread out(101)"))
        }
    }

    @Test func whatMissesAnExtensionThatCannotBeCreatedIsNotToldOf() throws {
        let changes = [
            "exporters: {out: ,": "exporters: {out: {uses: health},",
            "receivers: {in: }": "receivers: {in: {uses: none}}",
            "extensions: {health: }": "extensions: {health: {failure: create}}",
        ]
        let error = #expect(throws: ComponentFailures.self) {
            try CollectorService(
                configuration(text(changes)),
                eventLoopGroup: EmbeddedEventLoop(),
                makeLogger: journal.logger
            )
        }
        #expect(
            error?.description
                == "cannot create extension:health: no certificate\ncannot create receiver:in: none is not there"
        )
    }

    @Test func processorsAreReplacedAddedAndRemoved() async throws {
        try await withService { service in
            _ = try await reload(service, ["pass/b: }": "pass/b: {limits: {size: 7}}}"])
            #expect(journal.way(of: "x", from: "in") == ["pass/a", "pass/b(7)", "out"])
            _ = try await reload(service, ["[pass/a, pass/b]": "[pass/b]"])
            #expect(journal.way(of: "y", from: "in") == ["pass/b", "out"])
            _ = try await reload(
                service,
                ["[pass/a, pass/b]": "[pass/b, pass/a]", "exporters: [out]": "exporters: [out, out/2]"]
            )
            #expect(journal.way(of: "z", from: "in") == ["pass/b", "pass/a", "out", "out/2"])
            #expect(!journal.all.contains("stop in"))
        }
    }

    @Test func theOrderAtTheEndIsThatOfTheLastConfiguration() async throws {
        try await withService { service in
            _ = try await reload(service, ["pass/b: }": "pass/b: {limits: {size: 7}}}", "[health]": "[]"])
            await journal.wait(for: "stop health")
        }
        #expect(
            journal.all.filter { $0.hasPrefix("stop") }.suffix(4)
                == ["in", "pass/a", "pass/b(7)", "out"].map { "stop \($0)" }
        )
    }

    @Test func receiversComeAndGo() async throws {
        try await withService { service in
            let two = ["receivers: {in: }": "receivers: {in: , in/2: }", "receivers: [in]": "receivers: [in, in/2]"]
            let summary = try await service.reload(configuration(text(two)))
            #expect(summary?.added == ["receiver:in/2"])
            #expect(summary?.kept == 5)
            #expect(journal.way(of: "x", from: "in/2") == ["pass/a", "pass/b", "out"])
            let back = try await service.reload(configuration(Self.one))
            #expect(back?.removed == ["receiver:in/2"])
            await journal.wait(for: "stop in/2")
            #expect(service.statuses.current()["receiver:in/2"] == nil)
            #expect(service.statuses.isReady)
        }
    }

    @Test func whatUsesAChangedExtensionIsReplaced() async throws {
        let uses = ["exporters: {out: ,": "exporters: {out: {uses: health},"]
        try await withService(uses) { service in
            let changes = uses.merging(["extensions: {health: }": "extensions: {health: {limits: {size: 6}}}"]) { $1 }
            let summary = try await service.reload(configuration(text(changes)))
            #expect(summary?.replaced == ["extension:health", "exporter:out"])
            #expect(summary?.kept == 3)
        }
    }

    @Test func whoeverLooksWhetherBodiesAreCheckedIsReplacedWhenThatChanges() async throws {
        try await withService { service in
            let summary = try await service.reload(configuration(text(["pass/a: ,": "pass/a: {checks: true},"])))
            #expect(summary?.replaced == ["processor:pass/a", "receiver:in"])
        }
    }

    @Test(arguments: [
        ("create", "cannot create exporter:out: no certificate\ncannot create receiver:in: no certificate"),
        ("run", "exporter:out failed: address already in use"),
    ])
    func whenANewComponentCannotWorkNothingChanges(failure: String, message: String) async throws {
        let metrics = MetricsRegistry()
        try await withService(metrics: metrics) { service in
            var description = ""
            do {
                _ = try await reload(
                    service,
                    [
                        "exporters: {out: ,": "exporters: {out: {failure: \(failure)},",
                        "receivers: {in: }": "receivers: {in: {failure: \(failure)}}",
                        "extensions: {health: }": "extensions: {health: {limits: {size: 6}}}",
                    ]
                )
            } catch {
                description = "\(error)"
            }
            #expect(description == message)
            #expect(journal.way(of: "x", from: "in") == ["pass/a", "pass/b", "out"])
            #expect(service.statuses.isReady)
            #expect(service.statuses.current().values.allSatisfy { $0 == .ok })
            #expect(journal.all.filter { $0.hasPrefix("stop") } == (failure == "run" ? ["stop health(6)"] : []))
            // And the next one is none the worse for it.
            _ = try await reload(service, ["exporters: {out: ,": "exporters: {out: {limits: {size: 6}},"])
            #expect(journal.way(of: "y", from: "in") == ["pass/a", "pass/b", "out(6)"])
        }
    }

    @Test func whatDoesNotStartInTimeHasFailedAndLaterChangesWork() async throws {
        try await withService(startTimeout: .milliseconds(50)) { service in
            let failure = ComponentFailure(
                component: "exporter:out",
                phase: .run,
                reason: "it has not started within 50ms"
            )
            await #expect(throws: failure) {
                try await reload(service, ["exporters: {out: ,": "exporters: {out: {failure: silent},"])
            }
            #expect(journal.way(of: "x", from: "in") == ["pass/a", "pass/b", "out"])
            #expect(service.statuses.isReady)
            #expect(service.statuses.current()["exporter:out"] == .ok)
            _ = try await reload(service, ["exporters: {out: ,": "exporters: {out: {limits: {size: 6}},"])
            #expect(journal.way(of: "y", from: "in") == ["pass/a", "pass/b", "out(6)"])
        }
    }

    @Test func whatDrainsDoesNotHoldUpWhatIsNew() async throws {
        let hang = [
            "exporters: {out: ,": "exporters: {out: {failure: hang},",
            "service:": "service:\n  shutdown_timeout: 300ms",
        ]
        try await withService(hang) { service in
            let changes = [
                "exporters: {out: ,": "exporters: {out: {limits: {size: 6}},",
                "service:": "service:\n  shutdown_timeout: 300ms",
            ]
            _ = try await service.reload(configuration(text(changes)))
            #expect(journal.way(of: "x", from: "in") == ["pass/a", "pass/b", "out(6)"])
            #expect(!journal.all.contains { $0.contains("Ended before it was done") })
            await journal.wait(for: "exporter:out Ended before it was done")
            #expect(service.statuses.isReady)
        }
    }

    @Test func whatHasEndedAfterAChangeIsGivenFree() async throws {
        try await withService { service in
            _ = try await service.reload(
                configuration(text(["exporters: {out: ,": "exporters: {out: {limits: {size: 6}},"]))
            )
            await journal.waitForEnd(of: "out")
        }
    }

    @Test func theEndDuringAChangeIsNotHeldUp() async throws {
        try await withService { service in
            async let change = service.reload(
                configuration(text(["exporters: {out: ,": "exporters: {out: {failure: silent},"]))
            )
            await journal.wait(for: "create out")
            await service.triggerGracefulShutdown()
            let summary = try await change
            #expect(summary == nil)
        }
        #expect(journal.all.last == "info service Shutdown complete.")
    }

    @Test func whatHasAFileForItselfEndsBeforeTheNextStarts() async throws {
        func exclusive(_ options: String) -> [String: String] {
            ["exporters: {out: ,": "exporters: {out: {exclusive: true, \(options)},"]
        }
        try await withService(exclusive("")) { service in
            let made = try await reload(service, exclusive("limits: {size: 6}"))
            #expect(made == ["create out(6) after out", "stop out"])
            #expect(journal.way(of: "x", from: "in") == ["pass/a", "pass/b", "out(6)"])
            #expect(service.statuses.isReady)
            // What was there is made anew when the next cannot work.
            await #expect(throws: ComponentFailure.self) { try await reload(service, exclusive("failure: run")) }
            #expect(journal.all.suffix(3) == ["create out after out(6)", "stop out(6)", "create out(6)"])
            #expect(journal.way(of: "y", from: "in") == ["pass/a", "pass/b", "out(6)"])
            #expect(service.statuses.current()["exporter:out"] == .ok)
            #expect(service.statuses.isReady)
        }
    }
}
