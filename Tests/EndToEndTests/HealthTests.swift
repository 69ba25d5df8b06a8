import Glibc
import HTTPClient
import Replay
import TestSupport
import Testing

@Suite("Health and logs")
struct HealthTests {
    /// The status of a path once it is as wanted, or at last.
    private func status(_ stage: Stage, _ path: String, until wanted: Int) async throws -> Int {
        let end = ContinuousClock.now + .seconds(20)
        while true {
            let status = try await stage.healthStatus(path)
            if status == wanted || ContinuousClock.now > end { return status }
            // There is no event to wait for.
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    @Test("a backend that is away for too long makes it unready, and never unalive")
    func outage() async throws {
        let settings = [
            "extensions.health_check.component_health.include_recoverable_errors=true",
            "extensions.health_check.component_health.recovery_duration=100ms",
        ]
        try await Stage.run([], settings) { _, backend in
            await backend.stop()
        } _: { stage in
            try await stage.send(Fixtures.request([Fixtures.span(id: 1)]))
            #expect(try await status(stage, "/ready", until: 503) == 503)
            #expect(try await stage.healthStatus("/live") == 200)
            try await stage.backend.start()
            #expect(try await status(stage, "/ready", until: 200) == 200)
        }
    }

    @Test("while it drains it is not ready, but alive")
    func drain() async throws {
        try await Stage.run([], ["service.shutdown_timeout=3s"]) { _, backend in
            backend.behave(.hang)
        } _: { stage in
            try await stage.send(Fixtures.request([Fixtures.span(id: 1)]))
            stage.gateway.send(signal: SIGTERM)
            await stage.expectLog("Starting shutdown...")
            #expect(try await stage.healthStatus("/ready") == 503)
            #expect(try await stage.healthStatus("/live") == 200)
            // By itself: a second signal would end it at once.
            #expect(await stage.gateway.waitForExit() == .code(0))
        }
    }

    @Test("secrets are not in the log, whatever fails")
    func secrets() async throws {
        let settings = [
            "exporters.otlp_http.headers={Authorization: Bearer topsecret1}",
            "extensions.basicauth.htpasswd.inline=\"tekton:topsecret2\"",
            "extensions.basicauth/client.client_auth={username: steptrace, password: topsecret3}",
            "exporters.otlp_http.auth.authenticator=basicauth/client",
            "receivers.otlp.protocols.http.auth.authenticator=basicauth",
            "service.extensions=[health_check, basicauth, basicauth/client]",
            "service.telemetry.logs.level=debug",
        ]
        try await Stage.run([], settings) { _, backend in
            backend.behave(.reject(status: 401))
        } _: { stage in
            let body = try Fixtures.request([Fixtures.span(id: 1)])
            let type = (name: "Content-Type", value: "application/x-protobuf")
            // tekton:topsecret4, then tekton:topsecret2
            let wrong = try await stage.post(
                body,
                headers: [type, ("Authorization", "Basic dGVrdG9uOnRvcHNlY3JldDQ=")]
            )
            #expect(wrong.status == 401)
            let right = try await stage.post(
                body,
                headers: [type, ("Authorization", "Basic dGVrdG9uOnRvcHNlY3JldDI=")]
            )
            #expect(right.status == 200)
            await stage.expectLog("Exporting failed. Dropping data.")
            for secret in ["topsecret", "dGVrdG9u", "c3RlcHRyYWNl"] {
                #expect(!stage.gateway.output.contains(secret), "\(secret)")
            }
        }
    }

    @Test("a message that repeats is written a few times, and how often it was left out is told")
    func sampling() async throws {
        let settings = ["service.telemetry.logs.sampling={tick: 1s, initial: 2, thereafter: 0}"]
        try await Stage.run([], settings) { _, backend in
            backend.behave(.reject(status: 400))
        } _: { stage in
            for id in 1...10 { try await stage.send(Fixtures.request([Fixtures.span(id: UInt64(id))])) }
            await stage.expectLog("Log messages have been suppressed, the same came too often.")
            let metrics = try await stage.metrics { $0.sum("steptrace_log_messages_suppressed") > 0 }
            #expect(metrics.sum("steptrace_log_messages_suppressed") > 0)
        }
    }
}
