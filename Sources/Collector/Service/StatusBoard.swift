import Synchronization

/// The state of all components, and whether the whole is ready.
///
/// While the configuration is changed, two instances of a component may live at a time. What is asked for is the state of
/// those that count.
struct StatusTable: Sendable {
    private var instances: [ComponentInstance: ComponentStatus] = [:]
    /// Those that count.
    private var current: Set<ComponentInstance> = []
    /// Those that are about to end while the whole goes on.
    private(set) var leaving: Set<ComponentInstance> = []
    private(set) var isReady = false
    private var isStopping = false

    /// Keyed by component.
    var statuses: [String: ComponentStatus] {
        Dictionary(current.map { ($0.key, instances[$0] ?? .starting) }) { first, _ in first }
    }

    func status(of instance: ComponentInstance) -> ComponentStatus { instances[instance] ?? .starting }

    /// Takes an instance's state; true when the whole has become ready with it, which is once.
    mutating func report(_ instance: ComponentInstance, _ status: ComponentStatus) -> Bool {
        guard instances[instance]?.allows(status) != false else { return false }
        instances[instance] = status
        guard current.contains(instance) else { return false }
        if status == .stopping || status == .stopped { stop() }
        guard !isReady, !isStopping, current.allSatisfy({ instances[$0]?.hasStarted == true }) else { return false }
        isReady = true
        return true
    }

    /// From now on these count, and all others are leaving or not there yet. Whether the whole is ready does not change.
    mutating func setCurrent(_ instances: some Sequence<ComponentInstance>) {
        current = Set(instances)
    }

    mutating func setLeaving(_ instances: some Sequence<ComponentInstance>) {
        leaving = Set(instances)
    }

    /// Forgets one that has ended.
    mutating func remove(_ instance: ComponentInstance) {
        instances[instance] = nil
        leaving.remove(instance)
    }

    /// From the first component that is told to stop on, nothing is ready any more.
    mutating func stop() {
        isStopping = true
        isReady = false
        leaving = []
    }
}

extension ComponentStatus {
    fileprivate var hasStarted: Bool {
        switch self {
        case .ok, .recoverableError: true
        case .starting, .permanentError, .stopping, .stopped: false
        }
    }
}

/// The ``StatusTable`` that all components share.
final class StatusBoard: StatusSource {
    private struct State {
        var table = StatusTable()
        /// Who waits for the first report of an instance.
        var waiting: [ComponentInstance: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())
    private let onReady: @Sendable () -> Void

    /// `onReady` is called once, when all components have started.
    init(onReady: @escaping @Sendable () -> Void) { self.onReady = onReady }

    func report(_ instance: ComponentInstance, _ status: ComponentStatus) { report(instance, status, always: true) }

    /// Takes an instance that has not started by now for one that never will.
    func giveUp(_ instance: ComponentInstance, _ reason: String) {
        report(instance, .permanentError(reason), always: false)
    }

    /// - Parameter always: false: only as long as the instance is starting.
    private func report(_ instance: ComponentInstance, _ status: ComponentStatus, always: Bool) {
        let (isReady, waiting) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard always || state.table.status(of: instance) == .starting else { return (false, nil) }
            let isReady = state.table.report(instance, status)
            return (isReady, status == .starting ? nil : state.waiting.removeValue(forKey: instance))
        }
        waiting?.resume()
        if isReady { onReady() }
    }

    /// The instance has ended, whether it has said so or not.
    func ended(_ instance: ComponentInstance) {
        report(instance, .stopped, always: false)
    }

    /// The first state of an instance that is not `starting`, or the one it has now. For one caller at a time.
    func started(_ instance: ComponentInstance) async -> ComponentStatus {
        await withCheckedContinuation { continuation in
            let isWaiting = state.withLock { state in
                guard state.table.status(of: instance) == .starting else { return false }
                state.waiting[instance] = continuation
                return true
            }
            if !isWaiting { continuation.resume() }
        }
        return state.withLock { $0.table.status(of: instance) }
    }

    func setCurrent(_ instances: [ComponentInstance]) { state.withLock { $0.table.setCurrent(instances) } }

    func setLeaving(_ instances: [ComponentInstance]) { state.withLock { $0.table.setLeaving(instances) } }

    func isLeaving(_ instance: ComponentInstance) -> Bool { state.withLock { $0.table.leaving.contains(instance) } }

    func remove(_ instance: ComponentInstance) { state.withLock { $0.table.remove(instance) } }

    func stop() { state.withLock { $0.table.stop() } }

    func current() -> [String: ComponentStatus] { state.withLock { $0.table.statuses } }

    var isReady: Bool { state.withLock { $0.table.isReady } }
}
