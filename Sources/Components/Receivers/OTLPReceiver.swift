import Collector
import HTTPServer
import Logging
import ServiceLifecycle

/// The `otlp` receiver: takes OTLP over HTTP, as protobuf.
final class OTLPReceiver: Service {
    private let configuration: OTLPReceiverConfiguration.HTTP
    private let context: ComponentContext
    private let handler: OTLPHTTPHandler

    static let factory = ComponentFactory.receiver(
        type: "otlp",
        stability: "beta",
        OTLPReceiverConfiguration.self
    ) { configuration, context, next in
        OTLPReceiver(configuration, context: context, next: next)
    }

    init(_ configuration: OTLPReceiverConfiguration, context: ComponentContext, next: any TraceConsumer) {
        self.configuration = configuration.http
        self.context = context
        handler = OTLPHTTPHandler(configuration.http, next: next)
    }

    var counters: ReceiverCounters { handler.counters.snapshot }

    func run() async throws {
        var server = HTTPServerConfiguration(endpoint: HTTPEndpoint(configuration.endpoint))
        server.readHeaderTimeout = configuration.readHeaderTimeout
        server.idleTimeout = configuration.idleTimeout
        try await context.serve(server, handler, path: "receivers::\(context.id)::protocols::http::endpoint") {
            $0.info("Starting HTTP server", metadata: ["endpoint": "\($1)"])
        }
    }
}
