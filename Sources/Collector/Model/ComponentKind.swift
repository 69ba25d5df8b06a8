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
    public func decode(_ node: ConfigNode) throws(ConfigErrors) -> any ComponentConfiguration {
        let errors = ConfigErrorList()
        guard let configuration = decode(node, errors: errors) else { throw ConfigErrors(errors.errors) }
        return configuration
    }

    /// Nil when there are errors, which are added to the list.
    func decode(_ node: ConfigNode, errors: ConfigErrorList) -> (any ComponentConfiguration)? {
        let before = errors.errors.count
        guard var map = errors.attempt({ () throws(ConfigError) in try ConfigMap(node, errors: errors) }) else {
            return nil
        }
        do {
            let configuration = try configuration.init(from: &map)
            try map.finish()
            return errors.errors.count == before ? configuration : nil
        } catch {
            errors.addCheck(error)
            // It may not have come to all of its keys.
            let keys = self.configuration.options.compactMap { $0.key.split(separator: ".").first.map(String.init) }
            errors.attempt { () throws(ConfigError) in try map.finish(lookingFor: keys) }
            return nil
        }
    }
}
