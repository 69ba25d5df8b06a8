public import Logging
public import NIOCore

/// What a component is given when it is created.
public struct ComponentContext: Sendable {
    public let id: ComponentID
    /// Carries the component's id; everything a component logs goes here.
    public let logger: Logger
    /// The event loops that all components share.
    public let eventLoopGroup: any EventLoopGroup
    /// Reports the component's state. A component reports `.ok` once it has started (a receiver: once it is bound).
    public let report: @Sendable (ComponentStatus) -> Void
    /// The state of all components, for `health_check` and the like.
    public let statuses: any StatusSource
    /// How long components may take to drain when the program is told to end.
    public let shutdownTimeout: Duration
    /// The extensions of the service. Empty for extensions themselves.
    public let extensions: any ExtensionSource
    /// Has the component asked for its metrics whenever somebody wants to know them, as long as it exists.
    public let observe: @Sendable (@escaping MetricsRegistry.Observer) -> Void
    /// The metrics of all components.
    public let metrics: MetricsRegistry

    /// - Parameter key: The key of the component's state, such as `receiver:otlp`.
    public init(
        id: ComponentID,
        logger: Logger,
        eventLoopGroup: any EventLoopGroup,
        report: @escaping @Sendable (ComponentStatus) -> Void,
        statuses: any StatusSource,
        shutdownTimeout: Duration,
        extensions: any ExtensionSource = NoExtensions(),
        key: String? = nil,
        metrics: MetricsRegistry = MetricsRegistry()
    ) {
        self.id = id
        self.logger = logger
        self.eventLoopGroup = eventLoopGroup
        self.report = report
        self.statuses = statuses
        self.shutdownTimeout = shutdownTimeout
        self.extensions = extensions
        self.metrics = metrics
        let key = key ?? "\(id)"
        observe = { metrics.observe(key, $0) }
    }
}

/// The state of all components.
public protocol StatusSource: Sendable {
    /// The last state that each component reported, keyed by `kind:id` (`receiver:otlp`).
    func current() -> [String: ComponentStatus]
    /// True from the moment all components have started until the first is told to stop.
    var isReady: Bool { get }
}
