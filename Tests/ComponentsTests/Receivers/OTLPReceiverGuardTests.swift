import Collector
import FoundationEssentials
import HTTPClient
import OTLP
import ServiceLifecycle
import SwiftProtobuf
import Testing

@testable import Components

/// What stands before the receiver: CORS, authentication, response headers, TLS.
@Suite(.timeLimit(.minutes(1))) struct OTLPReceiverGuardTests {
    let context = TestContext()

    /// Runs a receiver around `body`, which is given its host and port.
    func run(
        _ next: TestConsumer = TestConsumer(),
        configure: (inout HTTPServerOptions) -> Void,
        body: (String) async throws -> Void
    ) async throws {
        var configuration = OTLPReceiverConfiguration()
        var options = HTTPServerOptions(endpoint: Endpoint(host: "127.0.0.1", port: 0))
        configure(&options)
        configuration.http?.server = options
        let base = context.component("otlp")
        let component = ComponentContext(
            id: base.id,
            logger: base.logger,
            eventLoopGroup: base.eventLoopGroup,
            report: base.report,
            statuses: base.statuses,
            shutdownTimeout: base.shutdownTimeout,
            extensions: TestExtensions()
        )
        let receiver = try OTLPReceiver(configuration, context: component, next: next)
        try await withRunning(receiver) {
            try await body(context.log("Starting HTTP server").metadata["endpoint"] ?? "")
        }
    }

    func send(
        _ client: HTTPClient,
        _ url: String,
        method: String = "POST",
        _ headers: [(name: String, value: String)] = []
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(method: method, url: url + "/v1/traces", body: Samples.bytes())
        request.headers.append(("Content-Type", "application/x-protobuf"))
        for header in headers { request.headers.append((header.name, header.value)) }
        return try await client.execute(request)
    }

    @Test func allowedPagesMaySendAndOthersAreNotTold() async throws {
        let next = TestConsumer()
        var cors = CORSConfiguration()
        cors.allowedOrigins = ["https://*.example.com"]
        cors.exposedHeaders = ["X-Id"]
        cors.maxAge = 600
        let client = try HTTPClient()
        try await run(next, configure: { $0.cors = cors }) { endpoint in
            let url = "http://\(endpoint)"
            let origin = "https://a.example.com"
            let asking = [
                (name: "Access-Control-Request-Method", value: "POST"),
                (name: "Access-Control-Request-Headers", value: "content-type"),
            ]
            let preflight = try await send(client, url, method: "OPTIONS", asking + [(name: "Origin", value: origin)])
            #expect(preflight.status == 204)
            #expect(preflight.header("Access-Control-Allow-Origin") == origin)
            #expect(preflight.header("Access-Control-Allow-Methods") == "POST")
            #expect(preflight.header("Access-Control-Allow-Headers") == "content-type")
            #expect(preflight.header("Access-Control-Max-Age") == "600")
            let other = [(name: "Origin", value: "https://example.org")]
            let refused = try await send(client, url, method: "OPTIONS", asking + other)
            #expect(refused.status == 204)
            #expect(refused.header("Access-Control-Allow-Origin") == nil)
            #expect(next.batches.elements.isEmpty)

            let simple = try await send(client, url, [(name: "Origin", value: origin)])
            #expect(simple.status == 200)
            #expect(simple.header("Vary") == "Origin")
            #expect(simple.header("Access-Control-Allow-Origin") == origin)
            #expect(simple.header("Access-Control-Expose-Headers") == "X-Id")
            try await #expect(send(client, url, other).header("Access-Control-Allow-Origin") == nil)
        }
    }

    @Test func thoseWithoutCredentialsAreRefusedWithAChallengeAndAStatus() async throws {
        let next = TestConsumer()
        let client = try HTTPClient()
        try await run(
            next,
            configure: {
                $0.authenticator = ComponentID(type: "testauth")
                $0.responseHeaders = ["X-Gateway": "steptrace"]
            }
        ) { endpoint in
            let url = "http://\(endpoint)"
            let refused = try await send(client, url)
            #expect(refused.status == 401)
            #expect(refused.header("WWW-Authenticate") == "Test")
            #expect(refused.header("X-Gateway") == "steptrace")
            let status = try Google_Rpc_Status(serializedBytes: refused.body)
            #expect(status.code == 16)
            #expect(status.message == "not you")
            #expect(next.batches.elements.isEmpty)
            let accepted = try await send(client, url, [(name: "authorization", value: "Test me")])
            #expect(accepted.status == 200)
            #expect(accepted.header("X-Gateway") == "steptrace")
            #expect(next.batches.elements.count == 1)
            try await #expect(send(client, url, [(name: "authorization", value: "Test me later")]).status == 200)
            #expect(next.batches.elements.count == 2)
            try await #expect(send(client, url, [(name: "authorization", value: "Test me never")]).status == 401)
            let busy = try await send(client, url, [(name: "authorization", value: "Test all")])
            #expect(busy.status == 503)
            #expect(busy.header("Retry-After") == "1")
            #expect(busy.header("WWW-Authenticate") == nil)
            #expect(next.batches.elements.count == 2)
        }
    }

    @Test func anAuthenticatorThatIsNotThereIsAnError() throws {
        var configuration = OTLPReceiverConfiguration()
        configuration.http?.server.authenticator = ComponentID(type: "missing")
        #expect(throws: AuthenticationError.self) {
            _ = try OTLPReceiver(configuration, context: context.component("otlp"), next: TestConsumer())
        }
    }

    // MARK: TLS

    private func tls() -> ServerTLSConfiguration {
        var tls = ServerTLSConfiguration()
        tls.certPEM = PEM.serverCertificate
        tls.keyPEM = PEM.serverKey
        return tls
    }

    private func client(withCertificate: Bool = false) throws -> HTTPClient {
        var configuration = HTTPClientConfiguration()
        configuration.tls.caPEM = Array(PEM.serverCertificate.utf8)
        if withCertificate {
            configuration.tls.certificatePEM = Array(PEM.clientCertificate.utf8)
            configuration.tls.keyPEM = Array(PEM.clientKey.utf8)
        }
        return try HTTPClient(configuration: configuration)
    }

    @Test func tracesAreTakenOverTLS() async throws {
        let client = try client()
        try await run(configure: { $0.tls = tls() }) { endpoint in
            try await #expect(send(client, "https://\(endpoint)").status == 200)
            await #expect(throws: HTTPClientError.self) { _ = try await send(client, "http://\(endpoint)") }
        }
    }

    @Test func withAClientCAOnlyClientsWithACertificateAreServed() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).pem")
        try Data(PEM.clientCertificate.utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        var tls = tls()
        tls.clientCAFile = file.path
        let next = TestConsumer()
        let (stranger, friend) = (try client(), try client(withCertificate: true))
        try await run(next, configure: { $0.tls = tls }) { endpoint in
            await #expect(throws: HTTPClientError.self) { _ = try await send(stranger, "https://\(endpoint)") }
            #expect(next.batches.elements.isEmpty)
            try await #expect(send(friend, "https://\(endpoint)").status == 200)
        }
    }
}

private struct TestExtensions: ExtensionSource {
    func `extension`(_ id: ComponentID) -> (any Service)? {
        id == ComponentID(type: "testauth") ? TestAuthenticator() : nil
    }
}

private struct TestAuthenticator: ServerAuthenticator {
    var challenge: String? { "Test" }

    func authenticate(_ header: (_ name: String) -> String?) -> Authentication {
        switch header("Authorization") {
        case "Test me": .accepted
        case "Test me later": .pending { completion in Task { completion(nil) } }
        case "Test me never": .pending { completion in Task { completion(AuthenticationError("not even later")) } }
        case "Test all": .refused(AuthenticationError("too many", isTemporary: true))
        default: .refused(AuthenticationError("not you"))
        }
    }

    func run() async throws {}
}
