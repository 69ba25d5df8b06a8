import Testing

@testable import Collector

@Suite struct StatusTableTests {
    @Test func itIsReadyOnceEveryComponentHasStarted() {
        var table = StatusTable(components: ["receiver:a", "exporter:b"])
        #expect(table.report("exporter:b", .recoverableError("away")) == false)
        #expect(!table.isReady)
        #expect(table.report("receiver:a", .ok) == true)
        #expect(table.isReady)
        // Only once.
        #expect(table.report("exporter:b", .ok) == false)
        #expect(table.report("exporter:b", .permanentError("no")) == false)
        #expect(table.isReady)
    }

    @Test func aComponentThatCannotWorkIsNotReady() {
        var table = StatusTable(components: ["receiver:a", "exporter:b"])
        #expect(table.report("receiver:a", .permanentError("no")) == false)
        #expect(table.report("exporter:b", .ok) == false)
        #expect(!table.isReady)
        #expect(table.statuses == ["receiver:a": .permanentError("no"), "exporter:b": .ok])
    }

    @Test func nothingIsReadyAfterTheFirstIsToldToStop() {
        var table = StatusTable(components: ["receiver:a", "exporter:b"])
        _ = table.report("receiver:a", .ok)
        _ = table.report("exporter:b", .ok)
        _ = table.report("receiver:a", .stopping)
        #expect(!table.isReady)
        #expect(table.report("receiver:a", .ok) == false)
        #expect(!table.isReady)
    }
}
