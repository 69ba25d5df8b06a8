import Logging
import ServiceLifecycle

/// A component that has been started. It has a service group of its own, so that it can be stopped by itself.
final class RunningComponent: Sendable {
    let node: PipelineGraph.Node
    private let group: ServiceGroup
    private let task: Task<Void, Never>

    /// Starts the component.
    ///
    /// - Parameter ended: called when it has ended, with the failure if nobody had told it to.
    init(
        _ node: PipelineGraph.Node,
        board: StatusBoard,
        logger: Logger,
        ended: @escaping @Sendable (ComponentFailure?) async -> Void
    ) {
        self.node = node
        // The group's own messages repeat those of the service.
        var quiet = logger
        quiet.logLevel = .critical
        let configuration = ServiceGroupConfiguration(
            services: [
                .init(
                    service: SupervisedComponent(node: node, board: board, logger: logger),
                    successTerminationBehavior: .gracefullyShutdownGroup,
                    failureTerminationBehavior: .gracefullyShutdownGroup,
                    serviceName: node.instance.key
                )
            ],
            logger: quiet
        )
        let group = ServiceGroup(configuration: configuration)
        self.group = group
        // Detached: a graceful shutdown of the task that starts it is no business of the component.
        task = Task.detached {
            do {
                try await group.run()
                await ended(nil)
            } catch {
                // A cancelled group says no more than that.
                await ended(error as? ComponentFailure)
            }
        }
    }

    /// Tells the component to end and returns when it has. What is not done at `deadline` is cancelled.
    func stop(deadline: ContinuousClock.Instant) async {
        await group.triggerGracefulShutdown()
        let task = task
        await withTaskGroup { tasks in
            tasks.addTask { await task.value }
            tasks.addTask {
                // Throws when the component has ended before.
                if (try? await Task.sleep(until: deadline, clock: .continuous)) != nil { task.cancel() }
            }
            await tasks.next()
            tasks.cancelAll()
        }
        await task.value
    }
}
