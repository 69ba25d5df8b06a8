import FoundationEssentials
import HTTPClient
import Replay
import Testing

@Suite("Secrets")
struct SecretsTests {
    @Test("no credential gets into the log, right or wrong, at the level debug")
    func log() async throws {
        // Of the password `secret`, at the lowest cost.
        let hash = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a"
        let settings = [
            "extensions.basicauth.htpasswd.inline=\"alice:\(hash.replacing("$", with: "$$"))\"",
            "extensions.bearertokenauth.token=token-of-the-exporter",
            "service.extensions=[health_check, basicauth, bearertokenauth]",
            "service.telemetry.logs.level=debug",
            "receivers.otlp.protocols.http.auth.authenticator=basicauth",
            "exporters.otlp_http.auth.authenticator=bearertokenauth",
            "exporters.otlp_http.headers.X-Api-Key=key-of-the-exporter",
        ]
        try await Stage.run([], settings) { stage in
            let body = try Fixtures.request([Fixtures.span(id: 1)])
            func post(_ credentials: String) async throws -> Int {
                let value = "Basic " + Data(credentials.utf8).base64EncodedString()
                return try await stage.post(
                    body,
                    headers: [("Content-Type", "application/x-protobuf"), ("Authorization", value)]
                ).status
            }
            #expect(try await post("alice:secret") == 200)
            #expect(try await post("alice:wrong-one") == 401)
            #expect(try await post("mallory:wrong-two") == 401)
            #expect(try await stage.post(body).status == 401)
            #expect(await stage.backend.waitUntil { $0.spans.count == 1 })
            let log = stage.gateway.output.text
            for secret in [
                "secret", "wrong-one", "wrong-two", hash, "token-of-the-exporter", "key-of-the-exporter",
                Data("alice:secret".utf8).base64EncodedString(), Data("alice:wrong-one".utf8).base64EncodedString(),
            ] {
                #expect(!log.contains(secret), "\(secret)")
            }
        }
    }
}
