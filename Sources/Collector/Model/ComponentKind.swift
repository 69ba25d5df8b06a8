/// What a component is in a pipeline, or beside it.
public enum ComponentKind: String, Sendable, CaseIterable {
    case receiver
    case processor
    case exporter
    case `extension`

    /// The key of the configuration that holds components of this kind.
    public var plural: String { rawValue + "s" }
}

extension ComponentFactory {
    public var kind: ComponentKind {
        switch make {
        case .receiver: .receiver
        case .processor: .processor
        case .exporter: .exporter
        case .extension: .extension
        }
    }

    /// Reads the whole configuration of a component; a key that it does not know is an error.
    public func decode(_ node: ConfigNode) throws(ConfigError) -> any ComponentConfiguration {
        var map = try ConfigMap(node)
        let configuration = try configuration.init(from: &map)
        try map.finish()
        return configuration
    }
}
