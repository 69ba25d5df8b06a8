import Collector
import Testing

@testable import Components

@Suite struct HealthTrackerTests {
    static let well: [String: ComponentStatus] = ["exporter:a": .ok]
    static let ill: [String: ComponentStatus] = ["exporter:a": .recoverableError("away")]

    func tracker(_ configure: (inout HealthRules) -> Void = { _ in }) -> HealthTracker {
        var rules = HealthRules()
        configure(&rules)
        return HealthTracker(rules)
    }

    @Test func byDefaultErrorsDoNotCount() {
        var tracker = tracker()
        let statuses: [String: ComponentStatus] = ["a": .recoverableError("r"), "b": .permanentError("p")]
        tracker.observe(statuses, now: .zero)
        #expect(tracker.verdict(isReady: true, statuses, now: .seconds(1000)) == .available)
        #expect(tracker.verdict(isReady: false, statuses, now: .zero) == .unavailable(failing: []))
    }

    @Test func anErrorThatLastsTooLongMakesItUnavailable() {
        var tracker = tracker {
            $0.includesRecoverableErrors = true
            $0.recoveryDuration = .seconds(60)
        }
        tracker.observe(Self.ill, now: .seconds(10))
        // Reported again, with each failed try: it is still the same error.
        tracker.observe(Self.ill, now: .seconds(40))
        #expect(tracker.verdict(isReady: true, Self.ill, now: .seconds(69)) == .available)
        #expect(tracker.verdict(isReady: true, Self.ill, now: .seconds(70)) == .unavailable(failing: ["exporter:a"]))
        tracker.observe(Self.well, now: .seconds(71))
        #expect(tracker.verdict(isReady: true, Self.well, now: .seconds(71)) == .available)
        tracker.observe(Self.ill, now: .seconds(72))
        #expect(tracker.verdict(isReady: true, Self.ill, now: .seconds(131)) == .available)
        #expect(tracker.verdict(isReady: true, Self.ill, now: .seconds(132)) == .unavailable(failing: ["exporter:a"]))
    }

    @Test func permanentErrorsFailWhereTheyCount() {
        let tracker = tracker { $0.includesPermanentErrors = true }
        let statuses: [String: ComponentStatus] = ["b": .permanentError("p"), "a": .ok]
        #expect(tracker.verdict(isReady: true, statuses, now: .zero) == .failed(["b"]))
    }
}
