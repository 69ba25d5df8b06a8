import Testing

@testable import Collector

@Suite struct ComponentStatusTests {
    static let all: [ComponentStatus] = [
        .starting, .ok, .recoverableError("r"), .permanentError("p"), .stopping, .stopped,
    ]

    /// The Collector's service/internal/status/status.go; a component that is `stopping` or `stopped` may begin anew.
    @Test(arguments: [
        (ComponentStatus.starting, "starting ok recoverable permanent stopping stopped"),
        (.ok, "starting ok recoverable permanent stopping stopped"),
        (.recoverableError("x"), "starting ok recoverable permanent stopping stopped"),
        (.permanentError("x"), "starting permanent stopping stopped"),
        (.stopping, "starting permanent stopping stopped"),
        (.stopped, "starting"),
    ])
    func whatMayFollow(status: ComponentStatus, next: String) {
        let names = ["starting", "ok", "recoverable", "permanent", "stopping", "stopped"]
        let allowed = zip(names, Self.all).filter { status.allows($0.1) }.map(\.0)
        #expect(allowed.joined(separator: " ") == next)
    }

    @Test func nothingButTheEndFollowsAPermanentError() {
        let exporter = ComponentInstance(key: "exporter:a", number: 1)
        var table = StatusTable()
        table.setCurrent([exporter])
        _ = table.report(exporter, .permanentError("no"))
        #expect(table.report(exporter, .ok) == false)
        #expect(table.statuses == ["exporter:a": .permanentError("no")])
        #expect(!table.isReady)
    }
}
