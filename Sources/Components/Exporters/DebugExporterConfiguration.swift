public import Collector

/// The configuration of the `debug` exporter.
public struct DebugExporterConfiguration: ComponentConfiguration {
    public enum Verbosity: String, Sendable, Equatable, CaseIterable {
        /// A line for each batch.
        case basic
        /// A line for each span.
        case normal
        /// Everything.
        case detailed
    }

    public var verbosity = Verbosity.basic

    public init() {}

    public init(from map: inout ConfigMap) throws(ConfigError) {
        verbosity = try map.oneOf("verbosity", default: verbosity)
    }

    public static var options: [ConfigOption] {
        [
            ConfigOption(
                "verbosity",
                "basic | normal | detailed",
                default: "basic",
                example: "detailed",
                "What to log: a line for each batch, a line for each span, or everything."
            )
        ]
    }
}
