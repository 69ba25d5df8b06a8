public import Collector

/// The configuration of the `debug` exporter, with the Collector's keys and defaults.
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
    /// So many batches of each second are shown.
    public var samplingInitial = 2
    /// And of those behind each so-manieth; 0 for none.
    public var samplingThereafter = 1
    /// Log to where all components log, rather than to standard output.
    public var useInternalLogger = true

    public init() {}

    public init(from map: inout ConfigMap) throws(ConfigError) {
        verbosity = try map.oneOf("verbosity", default: verbosity)
        samplingInitial = try map.int("sampling_initial", default: samplingInitial)
        samplingThereafter = try map.int("sampling_thereafter", default: samplingThereafter)
        useInternalLogger = try map.bool("use_internal_logger", default: useInternalLogger)
    }

    public static var options: [ConfigOption] {
        [
            ConfigOption(
                "verbosity",
                "basic | normal | detailed",
                default: "basic",
                example: "detailed",
                "What to log: a line for each batch, a line for each span, or everything."
            ),
            ConfigOption(
                "sampling_initial",
                "int",
                default: "2",
                example: "5",
                "How many batches of each second are logged."
            ),
            ConfigOption(
                "sampling_thereafter",
                "int",
                default: "1",
                example: "200",
                "Of the further batches of a second, each so-manieth is logged: 1 for all, 0 for none."
            ),
            ConfigOption(
                "use_internal_logger",
                "bool",
                default: "true",
                example: "false",
                "Log with all components. Otherwise write to standard output, without time and level."
            ),
        ]
    }
}
