public import Logging
public import NIOCore
public import ServiceLifecycle
import Synchronization

/// What a component is given when it is created.
public struct ComponentContext: Sendable {
    public let id: ComponentID
    /// The key of the component's state, such as `receiver:otlp`.
    public let key: String
    /// Carries the component's id; everything a component logs goes here.
    public let logger: Logger
    /// The event loops that all components share.
    public let eventLoopGroup: any EventLoopGroup
    /// Reports the component's state. A component reports `.ok` once it has started (a receiver: once it is bound).
    public let report: @Sendable (ComponentStatus) -> Void
    /// The state of all components, for `health_check` and the like.
    public let statuses: any StatusSource
    /// True once the component is about to be replaced or removed while the program goes on.
    public let isLeaving: @Sendable () -> Bool
    /// The extensions of the service. Empty for extensions themselves.
    public let extensions: any ExtensionSource
    /// Has the component asked for its metrics whenever somebody wants to know them, as long as it exists.
    public let observe: @Sendable (@escaping MetricsRegistry.Observer) -> Void
    /// The metrics of all components.
    public let metrics: MetricsRegistry

    private let currentShutdownTimeout: @Sendable () -> Duration
    private let owner: String
    private let replaced: ReplacedComponent?

    /// The component of the same key and another configuration that runs and is to be replaced. To be asked for while the
    /// new one is created; nil afterwards.
    public var predecessor: (any Service)? { replaced?.component.withLock { $0 } }

    /// What tells this instance from others of its id: the id, and the pipeline as well when several have it.
    public var name: String { key.firstIndex(of: ":").map { String(key[key.index(after: $0)...]) } ?? key }

    /// How long components may take to drain when they are told to end. It may change with the configuration.
    public var shutdownTimeout: Duration { currentShutdownTimeout() }

    /// - Parameters:
    ///   - key: The key of the component's state, such as `receiver:otlp`.
    ///   - owner: Whose the metrics are that the component has itself asked for; the key by default.
    public init(
        id: ComponentID,
        logger: Logger,
        eventLoopGroup: any EventLoopGroup,
        report: @escaping @Sendable (ComponentStatus) -> Void,
        statuses: any StatusSource,
        shutdownTimeout: @escaping @autoclosure @Sendable () -> Duration,
        isLeaving: @escaping @Sendable () -> Bool = { false },
        extensions: any ExtensionSource = NoExtensions(),
        key: String? = nil,
        owner: String? = nil,
        metrics: MetricsRegistry = MetricsRegistry(),
        replacing replaced: ReplacedComponent? = nil
    ) {
        self.id = id
        self.logger = logger
        self.eventLoopGroup = eventLoopGroup
        self.report = report
        self.statuses = statuses
        currentShutdownTimeout = shutdownTimeout
        self.isLeaving = isLeaving
        self.extensions = extensions
        self.metrics = metrics
        self.replaced = replaced
        self.key = key ?? "\(id)"
        let owner = owner ?? self.key
        self.owner = owner
        observe = { metrics.observe(owner, $0) }
    }

    /// Adds to a page of `zpages`, as long as the component exists (see ``InspectionRegistry``).
    public func inspect(_ page: String, _ inspector: @escaping InspectionRegistry.Inspector) {
        metrics.inspections.add(page, owner: owner, inspector)
    }

    /// The context of a part of the component that may outlive it, as another life of the component goes on with it. It has
    /// no extensions: those there are belong to the component's life, and would be kept alive beyond it.
    ///
    /// - Parameter owner: whose its metrics are. They are to be removed when it ends.
    public func detached(
        owner: String,
        report: @escaping @Sendable (ComponentStatus) -> Void
    ) -> ComponentContext {
        // Asked for itself, not through this context, which would be kept alive.
        let shutdownTimeout = currentShutdownTimeout
        return ComponentContext(
            id: id,
            logger: logger,
            eventLoopGroup: eventLoopGroup,
            report: report,
            statuses: statuses,
            shutdownTimeout: shutdownTimeout(),
            isLeaving: isLeaving,
            key: key,
            owner: owner,
            metrics: metrics
        )
    }
}

/// What a component takes the place of, as long as it is being created: it is not to be kept alive by it.
public final class ReplacedComponent: Sendable {
    let component: Mutex<(any Service)?>

    init(_ component: any Service) { self.component = Mutex(component) }
}

/// The state of all components.
public protocol StatusSource: Sendable {
    /// The last state that each component reported, keyed by `kind:id` (`receiver:otlp`).
    func current() -> [String: ComponentStatus]
    /// True from the moment all components have started until the first is told to stop.
    var isReady: Bool { get }
}
