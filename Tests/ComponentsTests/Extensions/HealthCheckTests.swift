import Collector
import FoundationEssentials
import HTTPClient
import Testing

@testable import Components

@Suite(.timeLimit(.minutes(1))) struct HealthCheckTests {
    let context = TestContext()

    func run(
        configure: (inout HealthCheckConfiguration) -> Void = { _ in },
        body: (HTTPClient, String) async throws -> Void
    ) async throws {
        var configuration = HealthCheckConfiguration()
        configuration.server.endpoint = Endpoint(host: "127.0.0.1", port: 0)
        configure(&configuration)
        let client = try HTTPClient()
        try await withRunning(HealthCheckExtension(configuration, context: context.component("health_check"))) {
            let endpoint = await context.log("Starting health_check extension").metadata["endpoint"] ?? ""
            try await body(client, "http://\(endpoint)")
        }
        client.shutdown()
    }

    func get(_ client: HTTPClient, _ url: String) async throws -> (status: Int, body: String) {
        let response = try await client.execute(HTTPClientRequest(method: "GET", url: url))
        return (response.status, String(decoding: response.body, as: UTF8.self))
    }

    @Test func availableOnceReadyAndUnavailableBeforeAndAfter() async throws {
        try await run { client, url in
            let before = try await get(client, url)
            #expect(before.status == 503)
            #expect(before.body.contains(#""status":"Server not available""#))
            #expect(before.body.contains(#""upSince":"0001-01-01T00:00:00Z","uptime":"""#))
            context.statuses.set(isReady: true)
            let ready = try await get(client, url)
            #expect(ready.status == 200)
            #expect(ready.body.contains(#""status":"Server available""#))
            context.statuses.set(isReady: false)
            try await #expect(get(client, url).status == 503)
        }
    }

    @Test func recoverableErrorsAreNamedAndLeaveItAvailable() async throws {
        context.statuses.set(
            isReady: true,
            ["processor:tekton_steps": .recoverableError("no answer"), "receiver:otlp": .ok]
        )
        try await run { client, url in
            let answer = try await get(client, url)
            #expect(answer.status == 200)
            let expected =
                #""components":{"processor:tekton_steps":{"error":"no answer","status":"StatusRecoverableError"},"#
                + #""receiver:otlp":{"status":"StatusOK"}}"#
            #expect(answer.body.contains(expected))
        }
    }

    @Test func ownPathAndBodies() async throws {
        try await run(configure: {
            $0.path = "/health"
            $0.healthyBody = "fine"
            $0.unhealthyBody = "not yet"
        }) { client, url in
            try await #expect(get(client, url).status == 404)
            try await #expect(get(client, url + "/health") == (503, "not yet"))
            context.statuses.set(isReady: true)
            try await #expect(get(client, url + "/health?verbose") == (200, "fine"))
        }
    }

    @Test func aliveWhateverHappensAndReadyOnlyWhenReady() async throws {
        try await run { client, url in
            try await #expect(get(client, url + "/live") == (200, "alive\n"))
            try await #expect(get(client, url + "/ready") == (503, "not ready\n"))
            context.statuses.set(isReady: true, ["exporter:a": .permanentError("no")])
            try await #expect(get(client, url + "/live").status == 200)
            try await #expect(get(client, url + "/ready") == (200, "ready\n"))
            context.statuses.set(isReady: false, ["exporter:a": .stopping])
            try await #expect(get(client, url + "/live").status == 200)
            try await #expect(get(client, url + "/ready").status == 503)
        }
    }

    @Test func errorsThatCountAreTold() async throws {
        context.statuses.set(isReady: true, ["exporter:a": .recoverableError("away"), "receiver:b": .ok])
        try await run(configure: {
            $0.rules.includesRecoverableErrors = true
            $0.rules.includesPermanentErrors = true
            $0.rules.recoveryDuration = .zero
        }) { client, url in
            try await #expect(get(client, url + "/ready") == (503, "not ready: errors for too long in exporter:a\n"))
            try await #expect(get(client, url).status == 503)
            try await #expect(get(client, url + "/live").status == 200)
            context.statuses.set(isReady: true, ["exporter:a": .permanentError("no")])
            try await #expect(get(client, url + "/ready").status == 500)
            context.statuses.set(isReady: true, ["exporter:a": .ok])
            try await #expect(get(client, url + "/ready").status == 200)
        }
    }

    @Test func uptimeIsCountedInGoDurations() {
        let start = Date(timeIntervalSince1970: 1_700_000_000)
        let report = HealthReport(isAvailable: true, upSince: start, now: start + 90.5, components: [:])
        #expect(report.upSince == "2023-11-14T22:13:20Z")
        #expect(report.uptime == "1m30.5s")
    }
}
