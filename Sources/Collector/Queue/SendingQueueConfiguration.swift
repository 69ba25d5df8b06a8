/// `sending_queue`: whether batches wait between the pipeline and the backend, how many, and where.
///
/// Keys, defaults and messages are those of the Collector's exporterhelper.
public struct SendingQueueConfiguration: Sendable, Equatable {
    /// What `queueSize` counts.
    public enum Sizer: String, Sendable, Equatable, CaseIterable {
        case requests
        /// Spans.
        case items
        case bytes
    }

    public var enabled = true
    /// The number of requests to the backend at the same time, those that wait for a retry included.
    public var consumers = 10
    public var queueSize = 1000
    public var sizer = Sizer.requests
    /// Answer the sender when the backend has answered.
    public var waitForResult = false
    /// Let senders wait for room instead of refusing (as many again as the queue holds).
    public var blockOnOverflow = false
    /// The extension in whose storage batches are kept; nil for memory alone.
    public var storage: ComponentID?
    /// How batches become requests.
    public var merging = BatchMerging()

    public init() {}

    /// Reads the map behind `sending_queue`, unknown keys included.
    public init(from map: inout ConfigMap) throws(ConfigError) {
        enabled = try map.bool("enabled", default: enabled)
        consumers = try map.int("num_consumers", default: consumers, in: 1...Int.max)
        queueSize = try map.int("queue_size", default: queueSize, in: 1...Int.max)
        sizer = try map.oneOf("sizer", default: sizer)
        waitForResult = try map.bool("wait_for_result", default: waitForResult)
        blockOnOverflow = try map.bool("block_on_overflow", default: blockOnOverflow)
        if let node = map.takeValue("storage") { storage = try ComponentID(try node.string(), at: node) }
        if enabled, storage != nil, waitForResult {
            try map.report("`wait_for_result` is not supported with a persistent queue configured with `storage`")
        }
        if var batch = try map.optionalMap("batch") {
            merging = try Self.batch(from: &batch)
            if merging.sizer.rawValue == sizer.rawValue, merging.threshold > queueSize {
                try map.report("`min_size` must be less than or equal to `queue_size`")
            }
        }
        try map.finish()
    }

    public static func options(prefix: String) -> [ConfigOption] {
        [
            ConfigOption(
                "\(prefix).enabled",
                "bool",
                default: "true",
                example: "false",
                "Keep batches in a queue. Without it, a sender gets its answer when the backend has answered."
            ),
            ConfigOption(
                "\(prefix).num_consumers",
                "int",
                default: "10",
                example: "4",
                "Requests to the backend at the same time, those that wait for a retry included."
            ),
            ConfigOption(
                "\(prefix).queue_size",
                "int",
                default: "1000",
                example: "5000",
                "What the queue holds at most, waiting and in flight, counted by `sizer`."
            ),
            ConfigOption(
                "\(prefix).sizer",
                "requests | items | bytes",
                default: "requests",
                example: "bytes",
                "What `queue_size` counts: batches as they came in, spans, or bytes."
            ),
            ConfigOption(
                "\(prefix).wait_for_result",
                "bool",
                default: "false",
                example: "true",
                "Answer a sender when the backend has answered, not when the queue has accepted the batch."
            ),
            ConfigOption(
                "\(prefix).block_on_overflow",
                "bool",
                default: "false",
                example: "true",
                "Let senders wait for room in a full queue, as many again as it holds, instead of refusing them."
            ),
            ConfigOption(
                "\(prefix).storage",
                "extension",
                default: "",
                example: "file_storage",
                "The extension that keeps the queue beyond the end of the process: `file_storage`. A sender gets its answer "
                    + "when its batch is stored."
            ),
        ] + batchOptions(prefix: "\(prefix).batch")
    }
}
