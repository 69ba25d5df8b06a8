import Collector
import Logging
import NIOCore
import OTLPGRPC
import ServiceLifecycle

extension ComponentContext {
    /// Runs `protocols.grpc` of a receiver until a graceful shutdown, in which requests under way are answered within
    /// half of the shutdown timeout, and connections are told to go away.
    ///
    /// - Parameter started: called once the server listens.
    func serveGRPC(
        _ configuration: OTLPGRPCReceiverConfiguration,
        _ service: OTLPGRPCService,
        started: @escaping @Sendable () -> Void
    ) async throws {
        let (logger, timeout) = (logger, shutdownTimeout / 2)
        let server = TraceServer(configuration.server, group: eventLoopGroup, service: service) { address in
            let endpoint = address.map { "\($0.ipAddress ?? ""):\($0.port ?? 0)" } ?? "\(configuration.endpoint)"
            logger.info("Starting GRPC server", metadata: ["endpoint": "\(endpoint)"])
            started()
        }
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await server.run() }
                tasks.addTask {
                    guard (try? await gracefulShutdown()) != nil else { return }
                    server.beginGracefulShutdown()
                    try? await Task.sleep(for: timeout)
                }
                try await tasks.next()
                // The server has ended, or its time has. What is cut off now has nobody left to tell.
                tasks.cancelAll()
                while await tasks.nextResult() != nil {}
            }
        } catch {
            throw ConfigError(
                path: "receivers::\(id)::protocols::grpc::endpoint",
                position: nil,
                message: "\(error); choose another endpoint, or free this one"
            )
        }
    }
}
