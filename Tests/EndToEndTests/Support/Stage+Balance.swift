import TestSupport
import Testing

extension Stage {
    /// What `/metrics` says of the exporter's spans.
    struct Balance: Sendable, Equatable {
        var accepted = 0.0
        var restored = 0.0
        var sent = 0.0
        var dropped = 0.0
        var queued = 0.0
    }

    private func balance() async throws -> Balance {
        let metrics = try await metrics()
        let labels = ["exporter": "otlp_http"]
        return Balance(
            accepted: try #require(metrics["steptrace_exporter_accepted_spans", labels]),
            restored: try #require(metrics["steptrace_exporter_restored_spans", labels]),
            sent: try #require(metrics["otelcol_exporter_sent_spans", labels]),
            dropped: try #require(metrics["otelcol_exporter_send_failed_spans", labels]),
            queued: try #require(metrics["steptrace_exporter_queued_spans", labels])
        )
    }

    /// The books balance whenever they are looked at, until `condition` holds.
    func expectBalance(
        _ location: SourceLocation = #_sourceLocation,
        until condition: (Balance) -> Bool
    ) async {
        let end = ContinuousClock.now + .seconds(20)
        while true {
            guard let balance = try? await balance() else {
                Issue.record("no metrics", sourceLocation: location)
                return
            }
            let sum = balance.sent + balance.dropped + balance.queued
            #expect(balance.accepted + balance.restored == sum, "\(balance)", sourceLocation: location)
            if condition(balance) { return }
            guard ContinuousClock.now < end else {
                Issue.record("\(balance)", sourceLocation: location)
                return
            }
        }
    }
}
