import Collector
import ServiceLifecycle

/// Factories from closures that know their configuration's type.
extension ComponentFactory {
    static func receiver<Configuration: ComponentConfiguration>(
        type: String,
        aliases: [String] = [],
        stability: String,
        _ configuration: Configuration.Type,
        _ make:
            @escaping @Sendable (Configuration, ComponentContext, any TraceConsumer) throws -> any Service
    ) -> ComponentFactory {
        ComponentFactory(
            type: type,
            aliases: aliases,
            stability: stability,
            configuration: configuration,
            make: .receiver { try make(Configuration.cast($0), $1, $2) }
        )
    }

    static func processor<Configuration: ComponentConfiguration>(
        type: String,
        stability: String,
        _ configuration: Configuration.Type,
        _ make:
            @escaping @Sendable (Configuration, ComponentContext, any TraceConsumer) throws -> any TraceComponent
    ) -> ComponentFactory {
        ComponentFactory(
            type: type,
            stability: stability,
            configuration: configuration,
            make: .processor { try make(Configuration.cast($0), $1, $2) }
        )
    }

    static func exporter<Configuration: ComponentConfiguration>(
        type: String,
        aliases: [String] = [],
        stability: String,
        _ configuration: Configuration.Type,
        _ make: @escaping @Sendable (Configuration, ComponentContext) throws -> any TraceComponent
    ) -> ComponentFactory {
        ComponentFactory(
            type: type,
            aliases: aliases,
            stability: stability,
            configuration: configuration,
            make: .exporter { try make(Configuration.cast($0), $1) }
        )
    }

    static func `extension`<Configuration: ComponentConfiguration>(
        type: String,
        aliases: [String] = [],
        stability: String,
        _ configuration: Configuration.Type,
        _ make: @escaping @Sendable (Configuration, ComponentContext) throws -> any Service
    ) -> ComponentFactory {
        ComponentFactory(
            type: type,
            aliases: aliases,
            stability: stability,
            configuration: configuration,
            make: .extension { try make(Configuration.cast($0), $1) }
        )
    }
}

extension ComponentConfiguration {
    fileprivate static func cast(_ configuration: any ComponentConfiguration) throws -> Self {
        guard let configuration = configuration as? Self else {
            throw ConfigError(
                path: "",
                position: nil,
                message: "expected a \(Self.self), got a \(Swift.type(of: configuration))"
            )
        }
        return configuration
    }
}
