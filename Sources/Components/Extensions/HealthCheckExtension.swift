import Collector
import FoundationEssentials
import HTTPServer
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle

/// The `health_check` extension: 200 while the pipelines are ready, 503 before and after.
///
/// Components with recoverable errors are named in the body and leave the answer at 200: a restart would not help.
final class HealthCheckExtension: Service, HTTPServerHandler {
    private let configuration: HealthCheckConfiguration
    private let context: ComponentContext
    /// Ready follows within a moment, or never.
    private let upSince = Date()

    static let factory = ComponentFactory.extension(
        type: "health_check",
        stability: "beta",
        HealthCheckConfiguration.self
    ) { HealthCheckExtension($0, context: $1) }

    init(_ configuration: HealthCheckConfiguration, context: ComponentContext) {
        self.configuration = configuration
        self.context = context
    }

    func run() async throws {
        let server = HTTPServerConfiguration(endpoint: HTTPEndpoint(configuration.endpoint))
        try await context.serve(server, self, path: "extensions::\(context.id)::endpoint") {
            $0.info("Starting health_check extension", metadata: ["endpoint": "\($1)"])
        }
    }

    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision {
        guard path == configuration.path else { return .respond(.text(.notFound, "404 page not found")) }
        return .respond(answer())
    }

    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse { answer() }

    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder) { responder.respond(answer()) }

    private func answer() -> HTTPServerResponse {
        let isReady = context.statuses.isReady
        let status: HTTPResponseStatus = isReady ? .ok : .serviceUnavailable
        if let body = isReady ? configuration.healthyBody : configuration.unhealthyBody {
            return .text(status, body)
        }
        let report = HealthReport(
            isReady: isReady,
            upSince: upSince,
            now: Date(),
            components: context.statuses.current()
        )
        return HTTPServerResponse(
            status: status,
            headers: ["Content-Type": "application/json"],
            body: ByteBuffer(bytes: report.json)
        )
    }
}
