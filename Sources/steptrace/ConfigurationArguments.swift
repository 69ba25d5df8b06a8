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

    @Option(
        help: ArgumentHelp("Accepted for compatibility: there are no feature gates.", valueName: "gates"),
        transform: Self.noGates
    )
    var featureGates: [String] = []

    /// The Collector's flag: names that may have a sign in front. There is none that could be known.
    private static func noGates(_ text: String) throws -> String {
        if let gate = text.split(separator: ",").first {
            let name = gate.drop { "+-".contains($0) }
            throw ValidationError(
                "feature gate \"\(name)\" is unregistered: steptrace has no feature gates, remove --feature-gates"
            )
        }
        return text
    }

    /// Where the configuration comes from.
    var source: ConfigurationSource {
        get throws {
            // Not in validate(), which comes before unknown arguments are looked at: those would never be named.
            guard !config.isEmpty else { throw ValidationError("at least one config flag must be provided") }
            return ConfigurationSource(
                configs: config,
                sets: set,
                sources: .system,
                factories: ComponentRegistry.factories
            )
        }
    }

    /// Writes the errors of `body` to standard error and ends with exit code 1.
    static func telling<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let errors as ConfigErrors {
            StandardError.write("\(errors)\n")
            throw ExitCode.failure
        }
    }
}
