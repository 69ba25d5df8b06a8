/// The options of all components as Markdown, for docs/configuration.md.
public enum ConfigurationReference {
    /// One section per component, ordered by kind and type.
    public static func markdown(_ factories: [ComponentFactory]) -> String {
        ComponentKind.allCases.flatMap { kind in
            factories.filter { $0.kind == kind }.sorted { $0.type < $1.type }.map(section)
        }.joined(separator: "\n")
    }

    private static func section(_ factory: ComponentFactory) -> String {
        var text = "### `\(factory.type)` \(factory.kind.rawValue)\n\n"
        text += "Stability: \(factory.stability)."
        if !factory.aliases.isEmpty {
            text += " Deprecated names: \(factory.aliases.map { "`\($0)`" }.joined(separator: ", "))."
        }
        let options = factory.configuration.options
        guard !options.isEmpty else { return text + "\n\nIt has no options.\n" }
        text += "\n\n| Option | Type | Default | Example | |\n|---|---|---|---|---|\n"
        for option in options {
            let cells = [code(option.key), cell(option.kind), code(option.default), code(option.example)]
            text += "| \((cells + [cell(option.help)]).joined(separator: " | ")) |\n"
        }
        return text
    }

    private static func code(_ text: String) -> String { text.isEmpty ? "" : "`\(cell(text))`" }

    /// A bar would end the cell.
    private static func cell(_ text: String) -> String {
        text.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|")
    }
}
