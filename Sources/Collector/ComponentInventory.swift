/// What `steptrace components` prints: YAML in the shape of the Collector's `components` command.
public enum ComponentInventory {
    public static func yaml(_ factories: [ComponentFactory]) -> String {
        var text = """
            buildinfo:
                command: \(BuildInfo.command)
                description: \(BuildInfo.description)
                version: \(BuildInfo.version)

            """
        for kind in ComponentKind.allCases {
            let factories = factories.filter { $0.kind == kind }.sorted { $0.type < $1.type }
            text += factories.isEmpty ? "\(kind.plural): []\n" : "\(kind.plural):\n"
            for factory in factories {
                text += "    - name: \(factory.type)\n      module: \(BuildInfo.command)\n      stability:\n"
                text += "        \(kind == .extension ? "extension" : "traces"): \(factory.stability)\n"
            }
        }
        return text
    }
}
