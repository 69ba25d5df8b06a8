public import ServiceLifecycle

/// The configuration of a component: read from YAML in full before anything is started.
public protocol ComponentConfiguration: Sendable, Equatable {
    /// Reads the component's map of options; an absent option has its default.
    ///
    /// Called on a map that may be empty (`otlp:` without a value). Takes what it knows out of `map`; the caller
    /// reports whatever is left as unknown keys.
    init(from map: inout ConfigMap) throws(ConfigError)

    /// Every option, for docs/configuration.md and `steptrace components`; a test compares it with `init(from:)`.
    static var options: [ConfigOption] { get }
}

/// A processor or exporter: takes batches, and runs as a service (`run()` returns after a graceful shutdown, drained).
public typealias TraceComponent = Service & TraceConsumer

/// How a type of component is configured and made. One value per type, registered in `Components`.
public struct ComponentFactory: Sendable {
    /// How a component is made from its configuration, by kind.
    ///
    /// Creating opens no port and starts nothing, but says what is wrong if it cannot work (a certificate that
    /// cannot be read). Services are run in the order extensions, exporters, processors, receivers, and stopped in reverse.
    public enum Make: Sendable {
        case receiver(@Sendable (any ComponentConfiguration, ComponentContext, any TraceConsumer) throws -> any Service)
        case processor(
            @Sendable (any ComponentConfiguration, ComponentContext, any TraceConsumer) throws -> any TraceComponent
        )
        case exporter(@Sendable (any ComponentConfiguration, ComponentContext) throws -> any TraceComponent)
        case `extension`(@Sendable (any ComponentConfiguration, ComponentContext) throws -> any Service)
    }

    /// The type as it is written in the configuration, such as `otlp_http`.
    public let type: String
    /// Deprecated names that are accepted with a warning, such as `otlphttp`.
    public let aliases: [String]
    /// `development`, `alpha`, `beta` or `stable`, for `steptrace components`.
    public let stability: String
    public let configuration: any ComponentConfiguration.Type
    public let make: Make

    public init(
        type: String,
        aliases: [String] = [],
        stability: String,
        configuration: any ComponentConfiguration.Type,
        make: Make
    ) {
        self.type = type
        self.aliases = aliases
        self.stability = stability
        self.configuration = configuration
        self.make = make
    }
}
