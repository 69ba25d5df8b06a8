import Logging
import NIOCore
import Synchronization

/// What all components of a process share, whatever the configuration.
final class ComponentSurroundings: Sendable {
    let board: StatusBoard
    private let eventLoopGroup: any EventLoopGroup
    private let metrics: MetricsRegistry
    private let makeLogger: @Sendable (String) -> Logger
    private let timeout: Mutex<Duration>

    init(
        eventLoopGroup: any EventLoopGroup,
        board: StatusBoard,
        metrics: MetricsRegistry,
        shutdownTimeout: Duration,
        makeLogger: @escaping @Sendable (String) -> Logger
    ) {
        self.eventLoopGroup = eventLoopGroup
        self.board = board
        self.metrics = metrics
        self.makeLogger = makeLogger
        timeout = Mutex(shutdownTimeout)
    }

    /// How long components may take to drain.
    var shutdownTimeout: Duration {
        get { timeout.withLock { $0 } }
        set { timeout.withLock { $0 = newValue } }
    }

    /// Creates the components of a configuration. When one cannot be created, nothing is left of the others.
    func graph(
        of configuration: CollectorConfiguration,
        replacing previous: PipelineGraph?
    ) throws(ComponentFailures) -> PipelineGraph {
        var made: [ComponentInstance] = []
        do {
            return try PipelineGraph(configuration, replacing: previous) { id, instance, extensions, replaced in
                made.append(instance)
                return self.context(id, instance, extensions, replaced)
            }
        } catch {
            forget(made)
            throw error
        }
    }

    private func context(
        _ id: ComponentID,
        _ instance: ComponentInstance,
        _ extensions: any ExtensionSource,
        _ replaced: ReplacedComponent?
    ) -> ComponentContext {
        let board = board
        return ComponentContext(
            id: id,
            logger: makeLogger(instance.key),
            eventLoopGroup: eventLoopGroup,
            report: { board.report(instance, $0) },
            statuses: board,
            shutdownTimeout: self.shutdownTimeout,
            isLeaving: { board.isLeaving(instance) },
            extensions: extensions,
            key: instance.key,
            owner: "\(instance)",
            metrics: metrics,
            replacing: replaced
        )
    }

    /// Nothing is told of these any more.
    func forget(_ instances: [ComponentInstance]) {
        for instance in instances {
            metrics.remove("\(instance)")
            board.remove(instance)
        }
    }
}
