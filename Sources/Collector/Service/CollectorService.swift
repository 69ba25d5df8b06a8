public import Logging
public import NIOCore
public import ServiceLifecycle

/// The whole gateway: all components of a configuration, run until they are told to stop.
///
/// It is a `Service` itself: `run()` ends after a graceful shutdown of the task it runs in (or
/// ``triggerGracefulShutdown()``), with every component drained, or throws what a component failed with.
public final class CollectorService: Service {
    private let graph: PipelineGraph
    private let board: StatusBoard
    private let logger: Logger
    private let group: ServiceGroup

    /// Creates every component; nothing is started and no port is opened.
    ///
    /// - Parameters:
    ///   - eventLoopGroup: The event loops that all components share; the caller ends them.
    ///   - metrics: Where components tell of themselves.
    ///   - makeLogger: Makes the logger of a component from the key of its state, such as `receiver:otlp`.
    public init(
        _ configuration: CollectorConfiguration,
        eventLoopGroup: any EventLoopGroup,
        metrics: MetricsRegistry = MetricsRegistry(),
        makeLogger: @escaping (_ label: String) -> Logger
    ) throws(ComponentFailure) {
        let service = configuration.service
        let logger = makeLogger("service")
        let board = StatusBoard(components: PipelineGraph.keys(service)) {
            logger.info("Everything is ready. Begin running and processing data.")
        }
        graph = try PipelineGraph(configuration) { id, key, extensions in
            ComponentContext(
                id: id,
                logger: makeLogger(key),
                eventLoopGroup: eventLoopGroup,
                report: { board.report(key, $0) },
                statuses: board,
                shutdownTimeout: service.shutdownTimeout,
                extensions: extensions,
                key: key,
                metrics: metrics
            )
        }
        self.board = board
        self.logger = logger
        var group = ServiceGroupConfiguration(
            services: graph.nodes.map { node in
                ServiceGroupConfiguration.ServiceConfiguration(
                    service: SupervisedComponent(node: node, board: board, logger: makeLogger(node.key)),
                    successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup,
                    serviceName: node.key
                )
            },
            logger: Self.quiet(logger)
        )
        // For all components together, one after the other; what is not done by then is cancelled.
        group.maximumGracefulShutdownDuration = service.shutdownTimeout
        self.group = ServiceGroup(configuration: group)
    }

    /// The state of all components.
    public var statuses: any StatusSource { board }

    public func run() async throws {
        logger.info(
            "Starting \(BuildInfo.command)...",
            metadata: ["Version": "\(BuildInfo.version)", "NumCPU": .stringConvertible(System.coreCount)]
        )
        try await withGracefulShutdownHandler {
            try await group.run()
        } onGracefulShutdown: {
            self.beginShutdown()
        }
        logger.info("Shutdown complete.")
    }

    /// Stops receivers, then processors, exporters and extensions; `run()` returns when all have.
    public func triggerGracefulShutdown() async {
        beginShutdown()
        await group.triggerGracefulShutdown()
    }

    private func beginShutdown() {
        logger.info("Starting shutdown...")
        board.stop()
    }

    /// The group's own messages repeat those of this type.
    private static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = .error
        return logger
    }
}
