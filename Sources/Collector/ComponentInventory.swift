/// What `steptrace components` prints: YAML in the shape of the Collector's `components` command.
public enum ComponentInventory {
    private static let module = "\(BuildInfo.command) v\(BuildInfo.version)"

    public static func yaml(_ factories: [ComponentFactory]) -> String {
        var text = """
            buildinfo:
                command: \(BuildInfo.command)
                description: \(BuildInfo.description)
                version: \(BuildInfo.version)

            """
        for kind in [ComponentKind.receiver, .processor, .exporter] { text += section(kind, factories) }
        text += "connectors: []\n"
        text += section(.extension, factories)
        text += "providers:\n"
        for scheme in ConfigLoader.schemes { text += "    - scheme: \(scheme)\n      module: \(module)\n" }
        return text + "converters: []\n"
    }

    private static func section(_ kind: ComponentKind, _ factories: [ComponentFactory]) -> String {
        let factories = factories.filter { $0.kind == kind }.sorted { $0.type < $1.type }
        var text = factories.isEmpty ? "\(kind.plural): []\n" : "\(kind.plural):\n"
        for factory in factories {
            let signal = kind == .extension ? "extension" : "traces"
            text += "    - name: \(factory.type)\n      module: \(module)\n      stability:\n"
            text += "        \(signal): \(factory.stability.prefix(1).uppercased() + factory.stability.dropFirst())\n"
        }
        return text
    }
}
