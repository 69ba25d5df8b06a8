import Synchronization

/// The state of all components, and whether the whole is ready.
struct StatusTable: Sendable {
    private(set) var statuses: [String: ComponentStatus]
    private(set) var isReady = false
    private var isStopping = false

    /// `components` are those that have to start before the whole is ready.
    init(components: [String]) {
        statuses = Dictionary(components.map { ($0, .starting) }) { first, _ in first }
    }

    /// Takes a component's state; true when the whole has become ready with it.
    mutating func report(_ component: String, _ status: ComponentStatus) -> Bool {
        statuses[component] = status
        if status == .stopping || status == .stopped { stop() }
        guard !isReady, !isStopping, statuses.values.allSatisfy(\.hasStarted) else { return false }
        isReady = true
        return true
    }

    /// From the first component that is told to stop on, nothing is ready any more.
    mutating func stop() {
        isStopping = true
        isReady = false
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
    private let table: Mutex<StatusTable>
    private let onReady: @Sendable () -> Void

    /// `onReady` is called once, when all components have started.
    init(components: [String], onReady: @escaping @Sendable () -> Void) {
        table = Mutex(StatusTable(components: components))
        self.onReady = onReady
    }

    func report(_ component: String, _ status: ComponentStatus) {
        if table.withLock({ $0.report(component, status) }) { onReady() }
    }

    func stop() { table.withLock { $0.stop() } }

    func current() -> [String: ComponentStatus] { table.withLock { $0.statuses } }

    var isReady: Bool { table.withLock { $0.isReady } }
}
