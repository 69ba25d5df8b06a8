/// A configuration as it was put together from its sources, not yet read.
public struct LoadedConfig: Sendable {
    public let root: ConfigNode
    /// What is not wrong, but hardly meant: unset variables.
    public let warnings: [ConfigError]
}

/// Puts a configuration together from `--config` and `--set`.
public struct ConfigLoader: Sendable {
    private let sources: ConfigSources

    public init(sources: ConfigSources) { self.sources = sources }

    /// Reads, merges and expands.
    ///
    /// - Parameters:
    ///   - configs: `file:path`, a bare path, `env:NAME` or `yaml:text`; a later one is laid over the earlier ones:
    ///     maps are merged deeply, lists replaced.
    ///   - sets: `a.b=value` or `a::b=value`, laid over everything; the value is YAML.
    public func load(configs: [String], sets: [String] = []) throws(ConfigError) -> LoadedConfig {
        guard !configs.isEmpty else {
            throw ConfigError(path: "", position: nil, message: "at least one config flag must be provided")
        }
        var root = ConfigNode(.null)
        for config in configs { root = root.merged(with: try read(config)) }
        for set in sets { root = root.merged(with: try Self.parseSet(set)) }
        var expansion = ConfigExpansion(sources: sources)
        root = try expansion.expand(root)
        return LoadedConfig(root: root, warnings: expansion.warnings)
    }

    private func read(_ config: String) throws(ConfigError) -> ConfigNode {
        let root: ConfigNode
        let rest = config.firstIndex(of: ":").map { String(config[$0...].dropFirst()) } ?? ""
        switch config.prefix(while: { $0 != ":" }) {
        case "yaml" where config.contains(":"): root = try YAMLText.parse(rest, source: "yaml")
        case "env" where config.contains(":"):
            guard let text = sources.environment[rest] else {
                throw ConfigError(path: "", position: config, message: "the environment variable is not set")
            }
            root = try YAMLText.parse(text, source: config)
        case "http" where rest.hasPrefix("//"), "https" where rest.hasPrefix("//"):
            throw ConfigError(path: "", position: config, message: "not supported: use file, env or yaml")
        case "file" where config.contains(":"): root = try YAMLText.parse(sources.readFile(rest), source: rest)
        default: root = try YAMLText.parse(sources.readFile(config), source: config)
        }
        switch root.value {
        case .null, .map: return root
        default: throw root.expected("a map with receivers, processors, exporters, extensions and service")
        }
    }

    /// `a.b=value`, as the Collector reads it.
    private static func parseSet(_ set: String) throws(ConfigError) -> ConfigNode {
        let source = "--set \(set)"
        guard let equals = set.firstIndex(of: "=") else {
            throw ConfigError(path: "", position: source, message: "missing equal sign")
        }
        let parts = set[..<equals].split { $0 == "." || $0 == ":" }.map(String.init)
        guard !parts.isEmpty else { throw ConfigError(path: "", position: source, message: "missing key") }
        let value = try YAMLText.parse(String(set[equals...].dropFirst()), source: source)
        let path = parts.joined(separator: "::")
        return value.moved(to: path, position: source, keyPosition: source).nested(under: parts, of: "")
    }
}
