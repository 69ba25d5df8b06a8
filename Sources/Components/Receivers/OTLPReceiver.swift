import Collector
import HTTPServer
import Logging
import ServiceLifecycle

/// The `otlp` receiver: takes OTLP over HTTP, as protobuf or JSON, and over gRPC.
final class OTLPReceiver: Service, FileReadingComponent {
    private let configuration: OTLPReceiverConfiguration
    private let context: ComponentContext
    private let handler: OTLPHTTPHandler
    private let guarded: any HTTPServerHandler
    private let tls: TLSContextSource?
    private let grpcTLS: TLSContextSource?
    private let grpc: OTLPGRPCService?

    static let factory = ComponentFactory.receiver(
        type: "otlp",
        stability: "beta",
        OTLPReceiverConfiguration.self
    ) { configuration, context, next in
        try OTLPReceiver(configuration, context: context, next: next)
    }

    init(_ configuration: OTLPReceiverConfiguration, context: ComponentContext, next: any TraceConsumer) throws {
        self.configuration = configuration
        self.context = context
        let http = configuration.http ?? OTLPReceiverConfiguration.HTTP()
        let handler = OTLPHTTPHandler(http, next: next)
        self.handler = handler
        guarded = try GuardedHandler.make(handler, http.server, context) { handler.unauthorized($0, headers: $1) }
        tls = try http.server.tls.map { try TLSContextSource($0, logger: context.logger) }
        grpcTLS = try configuration.grpc?.tls.map {
            try TLSContextSource($0, applicationProtocols: ["h2"], logger: context.logger)
        }
        grpc = try configuration.grpc.map {
            OTLPGRPCService(
                includeMetadata: $0.includeMetadata,
                authenticator: try $0.authenticator.map { try context.serverAuthenticator($0) },
                next: next
            )
        }
        // One request alone is always taken: as it comes, and inflated.
        if configuration.http != nil { BodyBudget.shared.admit(2 * http.server.maxRequestBodySize) }
        if let grpc = configuration.grpc { BodyBudget.shared.admit(2 * grpc.maxReceivedMessageSize) }
        let counters = (http: handler.counters, grpc: grpc?.counters)
        let receiver = "\(context.id)"
        let servesHTTP = configuration.http != nil
        context.observe { sink in
            if servesHTTP { counters.http.snapshot.write(to: &sink, receiver: receiver, transport: "http") }
            counters.grpc?.snapshot.write(to: &sink, receiver: receiver, transport: "grpc")
        }
    }

    func rereadFiles() { for source in [tls, grpcTLS] { source?.reload(isAsked: true) } }

    var counters: ReceiverCounters { handler.counters.snapshot }

    func run() async throws {
        guard let grpc, let configuration = configuration.grpc else { return try await serveHTTP() }
        let context = context
        guard self.configuration.http != nil else {
            return try await context.serveGRPC(configuration, grpc, tls: grpcTLS) { context.report(.ok) }
        }
        // One after the other: serving HTTP reports that the receiver has started.
        let (started, continuation) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { [grpcTLS] in
                try await context.serveGRPC(configuration, grpc, tls: grpcTLS) { continuation.finish() }
            }
            tasks.addTask {
                for await _ in started {}
                // That ends as well when the other one has failed, and the whole is cancelled.
                try Task.checkCancellation()
                try await self.serveHTTP()
            }
            // Not `waitForAll`: the first error has to end the other one, too.
            for try await _ in tasks {}
        }
    }

    private func serveHTTP() async throws {
        guard let http = configuration.http else { return }
        var server = http.server.server(tls: tls)
        server.maxConnections = FileDescriptorLimit.connections(share: 2)
        server.bodies = .shared
        let path = "receivers::\(context.id)::protocols::http::endpoint"
        try await context.serve(server, guarded, path: path, refusesAtEnd: true) {
            $0.info("Starting HTTP server", metadata: ["endpoint": "\($1)"])
        }
    }
}
