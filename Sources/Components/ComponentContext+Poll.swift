import Collector
import ServiceLifecycle

extension ComponentContext {
    /// Calls `body` again and again until a graceful shutdown or the task's end.
    func poll(every interval: Duration, _ body: @escaping @Sendable () -> Void) async {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: interval)) != nil { body() }
        }
    }
}
