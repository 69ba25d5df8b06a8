import ArgumentParser
import Collector
import Components

/// The flags that say where the configuration is.
struct ConfigurationArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A configuration file, or file:PATH, env:NAME or yaml:TEXT. May be repeated: a later one is laid over the "
                + "earlier ones, maps are merged, lists replaced.",
            valueName: "uri"
        )
    )
    var config: [String] = []

    @Option(
        help: ArgumentHelp(
            "Sets one value over all files, such as exporters.otlp_http.timeout=5s.",
            valueName: "key=value"
        )
    )
    var set: [String] = []

    /// Reads and checks the whole configuration; what is wrong goes to standard error, one line each.
    func load() throws -> (configuration: CollectorConfiguration, warnings: [ConfigError]) {
        // Not in validate(), which comes before unknown arguments are looked at: those would never be named.
        guard !config.isEmpty else { throw ValidationError("at least one config flag must be provided") }
        do {
            return try CollectorConfiguration.load(
                configs: config,
                sets: set,
                sources: .system,
                factories: ComponentRegistry.factories
            )
        } catch {
            StandardError.write("\(error)\n")
            throw ExitCode.failure
        }
    }
}
