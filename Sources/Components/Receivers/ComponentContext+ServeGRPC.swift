import Collector
import HTTPServer
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
        tls: TLSContextSource?,
        started: @escaping @Sendable () -> Void
    ) async throws {
        let (logger, timeout) = (logger, shutdownTimeout / 2)
        let path = "receivers::\(id)::protocols::grpc::endpoint"
        let listener: Listener
        do throws(HTTPServerError) {
            // In the pool, so that the port stays open while another server takes over.
            listener = try ListenerPool.shared.listener(
                on: HTTPEndpoint(configuration.endpoint),
                owner: "\(id) \(path)",
                isLeaving: isLeaving
            )
        } catch {
            throw ConfigError(path: path, cannotListen: error)
        }
        defer { listener.release() }
        let settings = configuration.server(listen: .listener(listener), tls: tls)
        let server = TraceServer(settings, group: eventLoopGroup, service: service) { address in
            let endpoint = HTTPEndpoint(
                host: address?.ipAddress ?? configuration.endpoint.host,
                port: address?.port ?? configuration.endpoint.port
            )
            logger.info("Starting GRPC server", metadata: ["endpoint": "\(endpoint)"])
            started()
        }
        do {
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await server.run() }
                tasks.addTask {
                    guard (try? await gracefulShutdown()) != nil else { return }
                    server.beginGracefulShutdown()
                    listener.release()
                    try? await Task.sleep(for: timeout)
                }
                try await tasks.next()
                // The server has ended, or its time has. What is cut off now has nobody left to tell.
                tasks.cancelAll()
                while await tasks.nextResult() != nil {}
            }
        } catch let error as IOError {
            // Another one may have bound the socket as well, and listens already.
            let error = HTTPServerError(endpoint: HTTPEndpoint(configuration.endpoint), binding: error)
            throw ConfigError(path: path, cannotListen: error)
        } catch {
            throw ConfigError(path: path, position: nil, message: "\(error)")
        }
    }
}
