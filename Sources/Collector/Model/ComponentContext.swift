public import Logging
public import NIOCore

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
        metrics: MetricsRegistry = MetricsRegistry()
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
        self.key = key ?? "\(id)"
        let owner = owner ?? self.key
        observe = { metrics.observe(owner, $0) }
    }
}

/// The state of all components.
public protocol StatusSource: Sendable {
    /// The last state that each component reported, keyed by `kind:id` (`receiver:otlp`).
    func current() -> [String: ComponentStatus]
    /// True from the moment all components have started until the first is told to stop.
    var isReady: Bool { get }
}
