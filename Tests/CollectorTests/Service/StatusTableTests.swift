import Testing

@testable import Collector

@Suite struct StatusTableTests {
    let receiver = ComponentInstance(key: "receiver:a", number: 1)
    let exporter = ComponentInstance(key: "exporter:b", number: 2)
    let newExporter = ComponentInstance(key: "exporter:b", number: 3)

    func table() -> StatusTable {
        var table = StatusTable()
        table.setCurrent([receiver, exporter])
        return table
    }

    @Test func itIsReadyOnceEveryComponentHasStarted() {
        var table = table()
        #expect(table.report(exporter, .recoverableError("away")) == false)
        #expect(!table.isReady)
        #expect(table.report(receiver, .ok) == true)
        #expect(table.isReady)
        // Only once.
        #expect(table.report(exporter, .ok) == false)
        #expect(table.report(exporter, .permanentError("no")) == false)
        #expect(table.isReady)
    }

    @Test func aComponentThatCannotWorkIsNotReady() {
        var table = table()
        #expect(table.report(receiver, .permanentError("no")) == false)
        #expect(table.report(exporter, .ok) == false)
        #expect(!table.isReady)
        #expect(table.statuses == ["receiver:a": .permanentError("no"), "exporter:b": .ok])
    }

    @Test func nothingIsReadyAfterTheFirstIsToldToStop() {
        var table = table()
        _ = table.report(receiver, .ok)
        _ = table.report(exporter, .ok)
        _ = table.report(receiver, .stopping)
        #expect(!table.isReady)
        #expect(table.report(receiver, .ok) == false)
        #expect(!table.isReady)
    }

    @Test func whileAComponentIsReplacedTheWholeStaysReady() {
        var table = table()
        _ = table.report(receiver, .ok)
        _ = table.report(exporter, .ok)
        table.setLeaving([exporter])
        #expect(table.report(newExporter, .recoverableError("away")) == false)
        #expect(table.statuses["exporter:b"] == .ok)
        table.setCurrent([receiver, newExporter])
        #expect(table.statuses["exporter:b"] == .recoverableError("away"))
        // What the old one says does not count any more.
        _ = table.report(exporter, .stopping)
        _ = table.report(exporter, .stopped)
        table.remove(exporter)
        #expect(table.isReady)
        #expect(table.leaving.isEmpty)
        #expect(table.statuses == ["receiver:a": .ok, "exporter:b": .recoverableError("away")])
        _ = table.report(newExporter, .stopped)
        #expect(!table.isReady)
    }
}
