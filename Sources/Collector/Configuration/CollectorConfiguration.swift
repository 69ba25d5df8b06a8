/// A whole configuration, checked: every component's options are read, every reference leads somewhere.
public struct CollectorConfiguration: Sendable {
    /// A configured component.
    public struct Component: Sendable {
        public let id: ComponentID
        public let factory: ComponentFactory
        public let configuration: any ComponentConfiguration
    }

    /// All configured components, used or not.
    public let components: [ComponentKind: [ComponentID: Component]]
    public let service: ServiceConfiguration
    /// What is not wrong, but hardly meant: deprecated names, components that nothing uses.
    public let warnings: [ConfigError]

    /// Reads `root` with the component types in `factories`; throws everything that is wrong at once.
    public init(_ root: ConfigNode, factories: [ComponentFactory]) throws(ConfigErrors) {
        try self.init(root, factories: factories, errors: ConfigErrorList())
    }

    /// - Parameter errors: What is wrong already, such as variables that cannot be expanded.
    private init(
        _ root: ConfigNode,
        factories: [ComponentFactory],
        errors: ConfigErrorList
    ) throws(ConfigErrors) {
        var reader = ConfigurationReader(factories: factories, errors: errors)
        let configuration = reader.read(root)
        guard let configuration, errors.errors.isEmpty else { throw ConfigErrors(errors.errors) }
        (components, service) = configuration
        warnings = reader.warnings
    }

    /// Loads and reads the configuration that `--config` and `--set` give; throws everything that is wrong at once.
    public static func load(
        configs: [String],
        sets: [String],
        sources: ConfigSources,
        factories: [ComponentFactory]
    ) throws(ConfigErrors) -> (configuration: CollectorConfiguration, warnings: [ConfigError]) {
        let errors = ConfigErrorList()
        let loaded = try ConfigLoader(sources: sources).load(configs: configs, sets: sets, errors: errors)
        let configuration = try CollectorConfiguration(loaded.root, factories: factories, errors: errors)
        return (configuration, loaded.warnings + configuration.warnings)
    }

    /// The configured component; nil only for ids that stand nowhere in the configuration.
    public func component(_ kind: ComponentKind, _ id: ComponentID) -> Component? { components[kind]?[id] }
}
