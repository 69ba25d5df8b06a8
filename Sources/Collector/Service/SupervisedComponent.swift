import Logging
import ServiceLifecycle

/// Runs a component, reports that it is stopping and stopped, and names it in its error.
struct SupervisedComponent: Service {
    let node: PipelineGraph.Node
    let board: StatusBoard
    let logger: Logger

    func run() async throws {
        do {
            try await withGracefulShutdownHandler {
                try await node.service.run()
            } onGracefulShutdown: {
                board.report(node.key, .stopping)
            }
        } catch  where !Task.isCancelled {
            board.report(node.key, .permanentError("\(error)"))
            throw ComponentFailure(component: node.key, phase: .run, reason: "\(error)")
        } catch {
            // Cancelled: what a component throws then says no more than that.
        }
        board.report(node.key, .stopped)
        if Task.isCancelled {
            logger.warning("Ended before it was done: the shutdown took longer than service::shutdown_timeout.")
        } else if !Task.isShuttingDownGracefully {
            throw ComponentFailure(component: node.key, phase: .run, reason: "it ended by itself")
        }
    }
}
