public import Logging
public import NIOCore
public import ServiceLifecycle
import Synchronization

/// The whole gateway: all components of a configuration, run until they are told to stop.
///
/// It is a `Service` itself: `run()` ends after a graceful shutdown of the task it runs in (or
/// ``triggerGracefulShutdown()``), with every component drained, or throws what a component failed with.
public final class CollectorService: Service {
    private struct State {
        var configuration: CollectorConfiguration
        var graph: PipelineGraph
        /// Stops what the last change of the configuration has left over.
        var draining: Task<Void, Never>?
        var isStopping = false
    }

    private let state: Mutex<State>
    private let surroundings: ComponentSurroundings
    private let supervisor: ComponentSupervisor
    private let logger: Logger
    private let startTimeout: Duration
    /// Finished when all components have been started.
    private let started = AsyncStream<Void>.makeStream()
    /// Finished when all components are to be stopped.
    private let stopping: AsyncStream<Void>.Continuation
    private let untilStopping: AsyncStream<Void>

    private var board: StatusBoard { surroundings.board }

    /// Creates every component; nothing is started and no port is opened.
    ///
    /// - Parameters:
    ///   - eventLoopGroup: The event loops that all components share; the caller ends them.
    ///   - metrics: Where components tell of themselves.
    ///   - startTimeout: How long each new component of a reload may take to start. (They take milliseconds; the longest
    ///     is a queue on disk that is opened.)
    ///   - makeLogger: Makes the logger of a component from the key of its state, such as `receiver:otlp`.
    public init(
        _ configuration: CollectorConfiguration,
        eventLoopGroup: any EventLoopGroup,
        metrics: MetricsRegistry = MetricsRegistry(),
        startTimeout: Duration = .seconds(60),
        makeLogger: @escaping @Sendable (_ label: String) -> Logger
    ) throws(ComponentFailures) {
        let logger = makeLogger("service")
        let board = StatusBoard {
            logger.info("Everything is ready. Begin running and processing data.")
        }
        surroundings = ComponentSurroundings(
            eventLoopGroup: eventLoopGroup,
            board: board,
            metrics: metrics,
            shutdownTimeout: configuration.service.shutdownTimeout,
            makeLogger: makeLogger
        )
        let graph = try surroundings.graph(of: configuration, replacing: nil)
        board.setCurrent(graph.nodes.map(\.instance))
        state = Mutex(State(configuration: configuration, graph: graph))
        self.logger = logger
        self.startTimeout = startTimeout
        let (untilStopping, stopping) = AsyncStream<Void>.makeStream()
        self.untilStopping = untilStopping
        self.stopping = stopping
        supervisor = ComponentSupervisor(board: board, makeLogger: makeLogger) { stopping.finish() }
    }

    /// What is in force.
    public var configuration: CollectorConfiguration { state.withLock { $0.configuration } }

    /// The state of all components.
    public var statuses: any StatusSource { board }

    public func run() async throws {
        logger.info(
            "Starting \(BuildInfo.command)...",
            metadata: ["Version": "\(BuildInfo.version)", "NumCPU": .stringConvertible(System.coreCount)]
        )
        await withGracefulShutdownHandler {
            await withTaskGroup { tasks in
                tasks.addTask {
                    // Not a constant out there: it would have the first components for as long as this runs.
                    await self.supervisor.startFirst(self.state.withLock { $0.graph.nodes })
                    self.started.continuation.finish()
                }
                // Also ends when the task is cancelled.
                for await _ in untilStopping {}
                beginShutdown()
                let timeout = Task.isCancelled ? .zero : surroundings.shutdownTimeout
                await supervisor.stopAll(deadline: .now + timeout)
            }
        } onGracefulShutdown: {
            self.beginShutdown()
        }
        logger.info("Shutdown complete.")
        if let failure = await supervisor.failure { throw failure }
    }

    /// Stops receivers, then processors, exporters and extensions; `run()` returns when all have.
    public func triggerGracefulShutdown() async { beginShutdown() }

    private func beginShutdown() {
        let isFirst = state.withLock { state in
            defer { state.isStopping = true }
            return !state.isStopping
        }
        guard isFirst else { return }
        logger.info("Starting shutdown...")
        board.stop()
        stopping.finish()
    }

    /// Changes to another configuration. Components that are configured as before run on, those that are new are
    /// started, and when all of them have, each within the start timeout, batches go to them, and those that are left
    /// over are stopped: they may take the shutdown timeout to send on what they hold, which is not waited for.
    ///
    /// Not to be called again before it has returned.
    ///
    /// - Returns: what has changed; nil when everything is being stopped.
    /// - Throws: why nothing has been changed: ``ComponentFailures`` or a ``ComponentFailure``.
    public func reload(_ configuration: CollectorConfiguration) async throws -> ReloadSummary? {
        for await _ in started.stream {}
        let (before, old, draining) = state.withLock { ($0.configuration, $0.graph, $0.draining) }
        let graph = try surroundings.graph(of: configuration, replacing: old)
        let change = ReloadSummary(from: old, to: graph)
        await draining?.value
        board.setLeaving(change.leaving.map(\.instance))
        // These would be in the way of those that are new. Until those are there, senders are told to come again.
        let exclusive = change.leaving.filter(\.isExclusive)
        let rest = old.without(exclusive)
        board.setCurrent(rest.nodes.map(\.instance))
        await supervisor.stop(exclusive, deadline: .now + surroundings.shutdownTimeout)
        do {
            guard try await supervisor.start(change.new, toHave: graph.nodes, within: startTimeout) else { return nil }
        } catch {
            board.setLeaving(change.new.map(\.instance))
            await supervisor.stop(change.new, deadline: .now + surroundings.shutdownTimeout)
            surroundings.forget((change.new + exclusive).map(\.instance))
            if !exclusive.isEmpty { try await restore(before, in: rest) }
            throw error
        }
        use(configuration, graph)
        for node in change.staying { (node.service as? any FileReadingComponent)?.rereadFiles() }
        state.withLock { state in
            state.draining = Task {
                await supervisor.stop(change.leaving, deadline: .now + surroundings.shutdownTimeout)
                surroundings.forget(change.leaving.map(\.instance))
                // The task has them for as long as somebody has the task.
                self.state.withLock { $0.draining = nil }
            }
        }
        return change
    }

    /// After a change that failed, makes the components anew that were in its way.
    private func restore(_ configuration: CollectorConfiguration, in rest: PipelineGraph) async throws {
        do {
            let graph = try surroundings.graph(of: configuration, replacing: rest)
            let new = ReloadSummary(from: rest, to: graph).new
            guard try await supervisor.start(new, toHave: graph.nodes, within: startTimeout) else { return }
            use(configuration, graph)
        } catch {
            logger.error("The configuration there was cannot be restored either.", metadata: ["error": "\(error)"])
            beginShutdown()
            throw error
        }
    }

    /// From now on batches pass these components.
    private func use(_ configuration: CollectorConfiguration, _ graph: PipelineGraph) {
        board.setCurrent(graph.nodes.map(\.instance))
        graph.connect()
        surroundings.shutdownTimeout = configuration.service.shutdownTimeout
        state.withLock { state in
            state.configuration = configuration
            state.graph = graph
        }
    }
}
