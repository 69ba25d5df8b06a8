/// A configuration as it was put together from its sources, not yet read.
public struct LoadedConfig: Sendable {
    public let root: ConfigNode
    /// What is not wrong, but hardly meant: unset variables.
    public let warnings: [ConfigError]
}

/// Puts a configuration together from `--config` and `--set`.
public struct ConfigLoader: Sendable {
    /// What may stand before the colon of `--config` and in `${...}`.
    static let schemes = ["env", "file", "yaml"]

    private let sources: ConfigSources

    public init(sources: ConfigSources) { self.sources = sources }

    /// Reads, merges and expands; throws everything that is wrong at once.
    ///
    /// - Parameters:
    ///   - configs: `file:path`, a bare path, `env:NAME` or `yaml:text`; a later one is laid over the earlier ones:
    ///     maps are merged deeply, lists replaced.
    ///   - sets: `a.b=value` or `a::b=value`, laid over everything; the value is YAML.
    public func load(configs: [String], sets: [String] = []) throws(ConfigErrors) -> LoadedConfig {
        let errors = ConfigErrorList()
        let loaded = try load(configs: configs, sets: sets, errors: errors)
        guard errors.errors.isEmpty else { throw ConfigErrors(errors.errors) }
        return loaded
    }

    /// Throws when a source cannot be read. Values that cannot be expanded are absent, and told of in `errors`.
    func load(configs: [String], sets: [String], errors: ConfigErrorList) throws(ConfigErrors) -> LoadedConfig {
        var root = ConfigNode(.map([]))
        if configs.isEmpty {
            errors.add(ConfigError(path: "", position: nil, message: "at least one config flag must be provided"))
        }
        for config in configs {
            if let node = errors.attempt({ () throws(ConfigError) in try read(config) }) {
                root = root.merged(with: node)
            }
        }
        for set in sets {
            if let node = errors.attempt({ () throws(ConfigError) in try Self.parseSet(set) }) {
                root = root.merged(with: node)
            }
        }
        guard errors.errors.isEmpty else { throw ConfigErrors(errors.errors) }
        var expansion = ConfigExpansion(sources: sources, errors: errors)
        root = expansion.expand(root)
        return LoadedConfig(root: root, warnings: expansion.warnings)
    }

    private func read(_ config: String) throws(ConfigError) -> ConfigNode {
        func error(_ message: String) -> ConfigError { ConfigError(path: "", position: config, message: message) }
        let rest = config.firstIndex(of: ":").map { String(config[$0...].dropFirst()) } ?? ""
        guard !config.isEmpty else {
            throw ConfigError(path: "", position: nil, message: "--config is empty: give the path of a file")
        }
        var root: ConfigNode
        switch Self.scheme(config) {
        case nil: root = try YAMLText.parse(sources.readFile(config), source: config)
        case "file" where rest.isEmpty: throw error("there is no path behind the scheme")
        case "file": root = try YAMLText.parse(sources.readFile(rest), source: rest)
        case "yaml": root = try YAMLText.parse(rest, source: "yaml")
        case "env":
            var text = sources.environment[rest]
            if text == nil, let separator = rest.firstRange(of: ":-") {
                text =
                    sources.environment[String(rest[..<separator.lowerBound])]
                    ?? String(rest[separator.upperBound...])
            }
            guard let text else { throw error("the environment variable is not set") }
            root = try YAMLText.parse(text, source: config)
        case let scheme?: throw error("scheme \"\(scheme)\" is not supported: use file, env or yaml")
        }
        switch root.value {
        case .null:
            // Nothing is written there: nothing is laid over what there is.
            root.value = .map([])
            return root
        case .map: return root
        default: throw root.expected("a map with receivers, processors, exporters, extensions and service")
        }
    }

    /// What stands before the colon, as the Collector has it (confmap/internal/resolver): at least two characters, and
    /// no path.
    private static func scheme(_ config: String) -> Substring? {
        guard let colon = config.firstIndex(of: ":") else { return nil }
        let scheme = config[..<colon]
        guard let first = scheme.unicodeScalars.first, first.isASCII, first.properties.isAlphabetic,
            scheme.utf8.count > 1
        else { return nil }
        return scheme.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "+.-".contains($0)) } ? scheme : nil
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
