public import Collector

/// The configuration of the `memory_limiter` processor, with the Collector's keys, defaults and messages.
public struct MemoryLimiterConfiguration: ComponentConfiguration {
    public let checkInterval: Duration
    /// 0: by percentage.
    public let limitMiB: Int
    /// 0: a fifth of the limit.
    public let spikeLimitMiB: Int
    public let limitPercentage: Int
    public let spikeLimitPercentage: Int
    public let minIntervalSoft: Duration
    public let minIntervalHard: Duration
    public let maxIntervalSoft: Duration
    public let maxIntervalHard: Duration

    public init(from map: inout ConfigMap) throws(ConfigError) {
        checkInterval = try map.duration("check_interval", default: .zero)
        limitMiB = try map.int("limit_mib", default: 0, in: 0...Int(UInt32.max))
        spikeLimitMiB = try map.int("spike_limit_mib", default: 0, in: 0...Int(UInt32.max))
        limitPercentage = try map.int("limit_percentage", default: 0, in: 0...Int(UInt32.max))
        spikeLimitPercentage = try map.int("spike_limit_percentage", default: 0, in: 0...Int(UInt32.max))
        minIntervalSoft = try map.duration("min_gc_interval_when_soft_limited", default: .seconds(10))
        minIntervalHard = try map.duration("min_gc_interval_when_hard_limited", default: .zero)
        maxIntervalSoft = try map.duration("max_gc_interval_when_soft_limited", default: .seconds(30))
        maxIntervalHard = try map.duration("max_gc_interval_when_hard_limited", default: .seconds(30))
        if checkInterval <= .zero { try map.report("'check_interval' must be greater than zero") }
        if minIntervalSoft < minIntervalHard {
            try map.report(
                "'min_gc_interval_when_soft_limited' should be larger than 'min_gc_interval_when_hard_limited'"
            )
        }
        if limitMiB == 0, limitPercentage == 0 {
            try map.report("'limit_mib' or 'limit_percentage' must be greater than zero")
        }
        if limitPercentage > 100 || spikeLimitPercentage > 100 {
            try map.report(
                "'limit_percentage' and 'spike_limit_percentage' must be greater than zero and less than or equal to hundred"
            )
        }
        if limitMiB > 0, limitMiB <= spikeLimitMiB {
            try map.report("'spike_limit_mib' must be smaller than 'limit_mib'")
        }
        if limitPercentage > 0, limitPercentage <= spikeLimitPercentage {
            try map.report("'spike_limit_percentage' must be smaller than 'limit_percentage'")
        }
    }

    /// - Parameter total: the memory that there is, in bytes; only for percentages.
    func limits(total: Int) -> MemoryLimits {
        if limitMiB > 0 { return MemoryLimits(limit: limitMiB << 20, spike: spikeLimitMiB << 20) }
        return MemoryLimits(limit: total / 100 * limitPercentage, spike: total / 100 * spikeLimitPercentage)
    }

    public static var options: [ConfigOption] {
        [
            ConfigOption(
                "check_interval",
                "duration",
                default: "",
                example: "1s",
                "How often the memory is looked at. Required; `1s` is recommended."
            ),
            ConfigOption(
                "limit_mib",
                "int",
                default: "0",
                example: "400",
                "The hard limit in MiB: above it, memory is given back to the system. Wins over `limit_percentage`."
            ),
            ConfigOption(
                "spike_limit_mib",
                "int",
                default: "0",
                example: "80",
                "How far below the hard limit the soft one is, above which batches are refused (503); 0 for a fifth of it."
            ),
            ConfigOption(
                "limit_percentage",
                "int from 0 to 100",
                default: "0",
                example: "80",
                "The hard limit as a share of the container's memory limit, or of the machine's memory."
            ),
            ConfigOption(
                "spike_limit_percentage",
                "int from 0 to 100",
                default: "0",
                example: "20",
                "The same as `spike_limit_mib`, as a share."
            ),
            ConfigOption(
                "min_gc_interval_when_soft_limited",
                "duration",
                default: "10s",
                example: "5s",
                "The shortest time between two attempts to give memory back, above the soft limit."
            ),
            ConfigOption(
                "min_gc_interval_when_hard_limited",
                "duration",
                default: "0s",
                example: "1s",
                "The same above the hard limit."
            ),
            ConfigOption(
                "max_gc_interval_when_soft_limited",
                "duration",
                default: "30s",
                example: "1m",
                "The longest time to which that grows while it does not help, above the soft limit."
            ),
            ConfigOption(
                "max_gc_interval_when_hard_limited",
                "duration",
                default: "30s",
                example: "1m",
                "The same above the hard limit."
            ),
        ]
    }
}
