public import Collector

/// The configuration of the `batch` processor, with the Collector's keys, defaults and messages.
public struct BatchConfiguration: ComponentConfiguration {
    public var merging: BatchMerging

    public init(from map: inout ConfigMap) throws(ConfigError) {
        merging = BatchMerging()
        merging.sizer = .items
        merging.isOpportunistic = false
        merging.cutsLargeBatches = true
        merging.linger = try map.duration("timeout", default: .milliseconds(200))
        merging.threshold = try map.int("send_batch_size", default: 8192, in: 0...Int(UInt32.max))
        let maximum = try map.int("send_batch_max_size", default: 0, in: 0...Int(UInt32.max))
        if maximum > 0, maximum < merging.threshold {
            try map.report("send_batch_max_size must be greater or equal to send_batch_size")
        }
        merging.maximum = maximum == 0 ? .max : maximum
        merging.partitionKeys = try map.headerNames("metadata_keys")
        let limit = try map.int("metadata_cardinality_limit", default: 1000, in: 0...Int(UInt32.max))
        merging.partitionLimit = merging.partitionKeys.isEmpty || limit == 0 ? .max : limit
    }

    public static var options: [ConfigOption] {
        [
            ConfigOption(
                "timeout",
                "duration",
                default: "200ms",
                example: "1s",
                "How long a batch waits for others at most; 0 for not at all. Its sender waits as long for its answer."
            ),
            ConfigOption(
                "send_batch_size",
                "int",
                default: "8192",
                example: "1000",
                "What has gathered is handed on as soon as it has as many spans; 0 for not waiting at all."
            ),
            ConfigOption(
                "send_batch_max_size",
                "int",
                default: "0",
                example: "10000",
                "Batches of more spans are cut between spans; 0 for no limit."
            ),
            ConfigOption(
                "metadata_keys",
                "list of strings",
                default: "[]",
                example: "[X-Scope-OrgID]",
                "Only batches with the same values of these headers are merged (needs the receiver's `include_metadata`)."
            ),
            ConfigOption(
                "metadata_cardinality_limit",
                "int",
                default: "1000",
                example: "100",
                "The most combinations of such values that wait at a time; further ones are answered with 503. 0 for no limit."
            ),
        ]
    }
}
