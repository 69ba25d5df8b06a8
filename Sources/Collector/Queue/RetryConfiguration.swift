/// `retry_on_failure`: how often, and for how long, a failed request is sent again.
///
/// Keys, defaults and messages are those of the Collector's configretry.
public struct RetryConfiguration: Sendable, Equatable {
    public var enabled = true
    public var initialInterval = Duration.seconds(5)
    /// An interval is drawn from this share around its nominal value, so that senders do not march in step.
    public var randomizationFactor = 0.5
    public var multiplier = 1.5
    public var maxInterval = Duration.seconds(30)
    /// Time from the first attempt after which a request is given up; zero for never.
    public var maxElapsedTime = Duration.seconds(300)

    public init() {}

    /// Reads the map behind `retry_on_failure`, unknown keys included.
    public init(from map: inout ConfigMap) throws(ConfigError) {
        enabled = try map.bool("enabled", default: enabled)
        initialInterval = try map.duration("initial_interval", default: initialInterval)
        randomizationFactor = try map.double("randomization_factor", default: randomizationFactor)
        if randomizationFactor > 1 {
            try map.report("'randomization_factor' value must be less than or equal to 1")
        }
        multiplier = try map.double("multiplier", default: multiplier, in: 0...1000)
        maxInterval = try map.duration("max_interval", default: maxInterval)
        maxElapsedTime = try map.duration("max_elapsed_time", default: maxElapsedTime)
        try map.finish()
        guard enabled, maxElapsedTime > .zero else { return }
        if maxElapsedTime < initialInterval {
            try map.report("'max_elapsed_time' must not be less than 'initial_interval'")
        }
        if maxElapsedTime < maxInterval {
            try map.report("'max_elapsed_time' must not be less than 'max_interval'")
        }
    }

    public static func options(prefix: String) -> [ConfigOption] {
        [
            ConfigOption(
                "\(prefix).enabled",
                "bool",
                default: "true",
                example: "false",
                "Send a request again after 429, 502, 503, 504 and failed connections."
            ),
            ConfigOption(
                "\(prefix).initial_interval",
                "duration",
                default: "5s",
                example: "1s",
                "The time to the first retry."
            ),
            ConfigOption(
                "\(prefix).randomization_factor",
                "number from 0 to 1",
                default: "0.5",
                example: "0.2",
                "The share around an interval from which the real one is drawn."
            ),
            ConfigOption(
                "\(prefix).multiplier",
                "number from 0 to 1000",
                default: "1.5",
                example: "2",
                "By how much each interval is longer than the one before."
            ),
            ConfigOption(
                "\(prefix).max_interval",
                "duration",
                default: "30s",
                example: "10s",
                "The longest interval, before it is randomized."
            ),
            ConfigOption(
                "\(prefix).max_elapsed_time",
                "duration",
                default: "5m",
                example: "1h",
                "Time from the first attempt after which a request is dropped; 0 for never."
            ),
        ]
    }
}
