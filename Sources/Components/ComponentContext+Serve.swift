import Collector
import HTTPServer
import Logging
import NIOCore
import ServiceLifecycle

extension ComponentContext {
    /// Runs a component that is a server: listens, reports `.ok`, and on a graceful shutdown takes no new connections
    /// and lets requests under way end.
    ///
    /// That may take half of the shutdown timeout, so that what comes behind in the pipeline has the other half. When
    /// another server takes over, each connection may bring one more request before it is closed.
    ///
    /// - Parameters:
    ///   - path: of the endpoint in the configuration, for the error.
    ///   - refusesAtEnd: When the process ends, keep the port open until it has, and refuse what comes. (Tekton drops
    ///     a batch whose connection is refused.)
    ///   - started: logs the address that the server is bound to.
    func serve(
        _ configuration: HTTPServerConfiguration,
        _ handler: any HTTPServerHandler,
        path: String,
        refusesAtEnd: Bool = false,
        started: (Logger, String) -> Void
    ) async throws {
        var configuration = configuration
        configuration.listenerOwner = "\(id) \(path)"
        configuration.isLeaving = isLeaving
        let server = HTTPServer(
            configuration: configuration,
            group: eventLoopGroup,
            handler: handler,
            logger: logger
        )
        let address: SocketAddress
        do {
            address = try await server.bind()
        } catch {
            throw ConfigError(path: path, cannotListen: error)
        }
        let bound = HTTPEndpoint(
            host: address.ipAddress ?? configuration.endpoint.host,
            port: address.port ?? configuration.endpoint.port
        )
        started(logger, "\(bound)")
        report(.ok)
        let isGraceful = (try? await gracefulShutdown()) != nil
        report(.stopping)
        let time = isGraceful ? shutdownTimeout / 2 : .zero
        let deadline = NIODeadline.now() + TimeAmount(time)
        if isGraceful, isLeaving() {
            await server.retire(idle: .now() + TimeAmount(min(time, .seconds(2))), deadline: deadline)
        } else if refusesAtEnd, isGraceful {
            await server.refuse(deadline: deadline)
        } else {
            await server.shutdown(deadline: deadline)
        }
        report(.stopped)
    }
}

extension ConfigError {
    /// Why a server cannot listen at the endpoint behind `path`, and what helps.
    init(path: String, cannotListen error: HTTPServerError) {
        let advice = error.isAddressInUse ? "; choose another endpoint, or free this one" : ""
        self.init(path: path, position: nil, message: "\(error)\(advice)")
    }
}

extension HTTPEndpoint {
    init(_ endpoint: Endpoint) {
        self.init(host: endpoint.host, port: endpoint.port)
    }
}
