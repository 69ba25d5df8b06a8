import Logging
import ServiceLifecycle

/// Runs a component, reports that it is stopping and stopped, and names it in its error.
struct SupervisedComponent: Service {
    let node: PipelineGraph.Node
    let board: StatusBoard
    let logger: Logger

    func run() async throws {
        let instance = node.instance
        do {
            try await withGracefulShutdownHandler {
                try await node.service.run()
            } onGracefulShutdown: {
                board.report(instance, .stopping)
            }
        } catch  where !Task.isCancelled {
            board.report(instance, .permanentError("\(error)"))
            throw ComponentFailure(component: instance.key, phase: .run, reason: "\(error)")
        } catch {
            // Cancelled: what a component throws then says no more than that.
        }
        board.report(instance, .stopped)
        if Task.isCancelled {
            logger.warning("Ended before it was done: the shutdown took longer than service::shutdown_timeout.")
        } else if !Task.isShuttingDownGracefully {
            throw ComponentFailure(component: instance.key, phase: .run, reason: "it ended by itself")
        }
    }
}
