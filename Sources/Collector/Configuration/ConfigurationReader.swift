/// Reads a whole configuration, keeping errors instead of stopping at the first.
struct ConfigurationReader {
    let factories: [ComponentFactory]
    let errors: ConfigErrorList
    var warnings: [ConfigError] = []
    /// The ids in each section with their nodes, also of components with errors: references to them are no error.
    var configured: [ComponentKind: [(id: ComponentID, node: ConfigNode)]] = [:]

    init(factories: [ComponentFactory], errors: ConfigErrorList) {
        self.factories = factories
        self.errors = errors
    }

    typealias Components = [ComponentKind: [ComponentID: CollectorConfiguration.Component]]

    /// Nil when there are errors; others may also have come without.
    mutating func read(_ root: ConfigNode) -> (Components, ServiceConfiguration)? {
        guard var map = errors.attempt({ () throws(ConfigError) in try ConfigMap(root, errors: errors) }) else {
            return nil
        }
        var components: Components = [:]
        for kind in ComponentKind.allCases { components[kind] = readSection(kind, of: &map) }
        if let connectors = map.takeValue("connectors") { errors.add(connectors.error("connectors are not supported")) }
        let section = errors.attempt { () throws(ConfigError) in try map.map("service") }
        errors.attempt { () throws(ConfigError) in try map.finish() }
        guard let section, let service = readService(section) else { return nil }
        warnOfUnused(service)
        return (components, service)
    }

    private mutating func readSection(
        _ kind: ComponentKind,
        of map: inout ConfigMap
    ) -> [ComponentID: CollectorConfiguration.Component] {
        let section = errors.attempt { () throws(ConfigError) in try map.map(kind.plural) }
        guard var section else { return [:] }
        var components: [ComponentID: CollectorConfiguration.Component] = [:]
        for (key, node) in section.takeAll() {
            let id = errors.attempt { () throws(ConfigError) in try ComponentID(key, at: node) }
            guard let id else { continue }
            configured[kind, default: []].append((id, node))
            let factory = errors.attempt { () throws(ConfigError) in try self.factory(of: id, kind, node) }
            guard let factory, let configuration = factory.decode(node, errors: errors) else { continue }
            if factory.type != id.type { warn(node, "type \"\(id.type)\" is deprecated, use \"\(factory.type)\"") }
            components[id] = CollectorConfiguration.Component(id: id, factory: factory, configuration: configuration)
        }
        return components
    }

    private func factory(
        of id: ComponentID,
        _ kind: ComponentKind,
        _ node: ConfigNode
    ) throws(ConfigError) -> ComponentFactory {
        let candidates = factories.filter { $0.kind == kind }
        if let factory = candidates.first(where: { $0.type == id.type || $0.aliases.contains(id.type) }) {
            return factory
        }
        let types = candidates.map(\.type).sorted()
        let meant = Spelling.nearest(to: id.type, in: types).map { ", did you mean \"\($0)\"?" } ?? ""
        throw ConfigError(
            path: node.path,
            position: node.keyPosition ?? node.position,
            message: "unknown type: \"\(id.type)\" for id: \"\(id)\""
                + " (valid values: [\(types.joined(separator: " "))]\(meant))"
        )
    }

    private mutating func warn(_ node: ConfigNode, _ message: String) {
        warnings.append(ConfigError(path: node.path, position: node.keyPosition ?? node.position, message: message))
    }

    private mutating func warnOfUnused(_ service: ServiceConfiguration) {
        let used: [ComponentKind: [ComponentID]] = [
            .receiver: service.pipelines.flatMap(\.receivers),
            .processor: service.pipelines.flatMap(\.processors),
            .exporter: service.pipelines.flatMap(\.exporters),
            .extension: service.extensions,
        ]
        for kind in ComponentKind.allCases {
            for (id, node) in configured[kind] ?? [] where used[kind]?.contains(id) != true {
                let place = kind == .extension ? "service::extensions" : "any pipeline"
                warn(node, "\(kind.rawValue) \"\(id)\" is configured but not used in \(place)")
            }
        }
    }
}
