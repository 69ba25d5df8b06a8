import ArgumentParser
import Collector
import Components

struct ComponentsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "components",
        abstract: "List the components of this build and their stability, as YAML."
    )

    @Flag(help: ArgumentHelp("Print the options of all components as Markdown.", visibility: .hidden))
    var docs = false

    @Flag(help: ArgumentHelp("Print all metrics as Markdown.", visibility: .hidden))
    var metricsDocs = false

    func run() {
        if metricsDocs {
            print(MetricsReference.markdown(), terminator: "")
            return
        }
        let factories = ComponentRegistry.factories
        print(docs ? ConfigurationReference.markdown(factories) : ComponentInventory.yaml(factories), terminator: "")
    }
}
