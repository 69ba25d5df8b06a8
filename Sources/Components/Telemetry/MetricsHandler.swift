import Collector
import FoundationEssentials
import HTTPServer
import NIOCore
import NIOHTTP1

/// Answers `/metrics` with the metrics as they are now.
final class MetricsHandler: HTTPServerHandler {
    static let path = "/metrics"

    private let metrics: MetricsRegistry
    private let naming: PrometheusNaming

    init(_ metrics: MetricsRegistry, naming: PrometheusNaming) {
        self.metrics = metrics
        self.naming = naming
    }

    /// What the process is, as the Collector's resource says it.
    private static let target = [
        MetricSink.Label(name: "service_instance_id", value: UUID().uuidString.lowercased()),
        MetricSink.Label(name: "service_name", value: BuildInfo.command),
        MetricSink.Label(name: "service_version", value: BuildInfo.version),
    ]

    func head(method: HTTPMethod, path: String, headers: HTTPHeaders) -> HTTPHeadDecision {
        guard path == Self.path else {
            return .respond(.text(.notFound, "404 page not found, try \(Self.path)\n"))
        }
        guard method == .GET || method == .HEAD else {
            var response = HTTPServerResponse.text(.methodNotAllowed, "405 method not allowed, supported: [GET]\n")
            response.headers.add(name: "Allow", value: "GET, HEAD")
            return .respond(response)
        }
        let accept = headers[canonicalForm: "Accept"].joined(separator: ",")
        let format = PrometheusFormat.negotiated(accept: accept, naming: naming)
        let text = PrometheusText(format, naming: naming).render(metrics.collect(), target: Self.target)
        return .respond(
            HTTPServerResponse(
                status: .ok,
                headers: ["Content-Type": format.contentType],
                body: ByteBuffer(string: text)
            )
        )
    }

    func bodyTooLarge(limit: Int, headers: HTTPHeaders) -> HTTPServerResponse {
        .text(.payloadTooLarge, "413 request body too large\n")
    }

    func handle(_ request: HTTPServerRequest, _ responder: HTTPResponder) {
        responder.respond(.text(.notFound, "404 page not found\n"))
    }
}
