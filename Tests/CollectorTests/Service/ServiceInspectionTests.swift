import FoundationEssentials
import Testing

@testable import Collector

@Suite struct ServiceInspectionTests {
    @Test func whatRunsIsShown() throws {
        let configuration = try CollectorConfiguration(
            YAMLText.parse(CollectorServiceTests.one, source: "c.yaml"),
            factories: TestComponent.factories(Journal())
        )
        let exporter = ComponentInstance(key: "exporter:out", number: 1)
        let health = ComponentInstance(key: "extension:health", number: 2)
        let board = StatusBoard {}
        board.setCurrent([exporter, health])
        board.report(exporter, .recoverableError("away"))
        board.report(health, .ok)
        let registry = InspectionRegistry()
        ServiceInspection(board, started: .distantPast) { configuration.service }.add(to: registry)
        #expect(registry.pages == ["extensionz", "pipelinez", "servicez"])
        let pipelines = try #require(registry.tables("pipelinez", InspectionRequest()))
        #expect(pipelines[0].rows == [["traces", "in", "pass/a, pass/b", "out"]])
        #expect(pipelines[1].rows == [["out", "exporter", "StatusRecoverableError", "away"]])
        #expect(
            registry.tables("extensionz", InspectionRequest())?.first?.rows == [
                ["health", "extension", "StatusOK", ""]
            ]
        )
        let service = try #require(registry.tables("servicez", InspectionRequest())?.first)
        #expect(service.rows.contains(["Version", BuildInfo.version]))
        #expect(service.rows.contains(["Ready", "yes"]))
    }

    @Test func pagesOfThoseWhoAreGoneAreNotThere() {
        let registry = InspectionRegistry()
        registry.add("a") { _ in nil }
        registry.add("b") { request in [InspectionTable("t", columns: ["c"], rows: [["\(request.offset)"]], total: 9)] }
        #expect(registry.tables("a", InspectionRequest()) == nil)
        #expect(registry.tables("none", InspectionRequest()) == nil)
        #expect(registry.tables("b", InspectionRequest(offset: 3))?.map(\.rows) == [[["3"]]])
    }

    @Test func whatAComponentHasAddedIsForgottenWithIt() {
        let metrics = MetricsRegistry()
        for owner in ["a#1", "a#2"] {
            metrics.inspections.add("page", owner: owner) { _ in [InspectionTable(owner, columns: [], rows: [])] }
        }
        metrics.remove("a#1")
        #expect(metrics.inspections.tables("page", InspectionRequest())?.map(\.title) == ["a#2"])
        metrics.remove("a#2")
        #expect(metrics.inspections.pages == [])
    }
}
