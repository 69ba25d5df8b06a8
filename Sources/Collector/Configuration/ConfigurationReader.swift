/// Reads a whole configuration, keeping errors instead of stopping at the first.
struct ConfigurationReader {
    let factories: [ComponentFactory]
    var errors = ConfigErrorCollector()
    var warnings: [ConfigError] = []
    /// The ids in each section with their nodes, also of components with errors: references to them are no error.
    var configured: [ComponentKind: [(id: ComponentID, node: ConfigNode)]] = [:]

    init(factories: [ComponentFactory]) { self.factories = factories }

    typealias Components = [ComponentKind: [ComponentID: CollectorConfiguration.Component]]

    /// Nil when there are errors; others may also have come without.
    mutating func read(_ root: ConfigNode) -> (Components, ServiceConfiguration)? {
        guard var map = errors.attempt({ () throws(ConfigError) in try ConfigMap(root) }) else { return nil }
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
            do {
                let component = try readComponent(kind, key, node)
                components[component.id] = component
            } catch {
                errors.add(error)
            }
        }
        return components
    }

    private mutating func readComponent(
        _ kind: ComponentKind,
        _ key: String,
        _ node: ConfigNode
    ) throws(ConfigError) -> CollectorConfiguration.Component {
        let id = try ComponentID(key, at: node)
        configured[kind, default: []].append((id, node))
        let candidates = factories.filter { $0.kind == kind }
        guard let factory = candidates.first(where: { $0.type == id.type || $0.aliases.contains(id.type) }) else {
            let types = candidates.map(\.type).sorted()
            let meant = Spelling.nearest(to: id.type, in: types).map { ", did you mean \"\($0)\"?" } ?? ""
            throw ConfigError(
                path: node.path,
                position: node.keyPosition ?? node.position,
                message: "unknown type: \"\(id.type)\" for id: \"\(id)\""
                    + " (valid values: [\(types.joined(separator: " "))]\(meant))"
            )
        }
        if factory.type != id.type {
            warn(node, "type \"\(id.type)\" is deprecated, use \"\(factory.type)\"")
        }
        return CollectorConfiguration.Component(id: id, factory: factory, configuration: try factory.decode(node))
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
