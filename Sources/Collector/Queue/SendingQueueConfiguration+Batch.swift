extension SendingQueueConfiguration {
    /// Reads the map behind `sending_queue::batch`, unknown keys included.
    static func batch(from map: inout ConfigMap) throws(ConfigError) -> BatchMerging {
        var merging = BatchMerging()
        merging.isOpportunistic = false
        merging.cutsLargeBatches = true
        merging.linger = try map.duration("flush_timeout", default: .milliseconds(200))
        if merging.linger <= .zero { try map.report("`flush_timeout` must be positive") }
        merging.threshold = try map.int("min_size", default: 8192)
        let maximum = try map.int("max_size", default: 0)
        if maximum > 0, maximum < merging.threshold {
            try map.report("`max_size` (\(maximum)) must be greater or equal to `min_size` (\(merging.threshold))")
        }
        merging.maximum = maximum == 0 ? .max : maximum
        merging.sizer = try map.value("sizer", absent: .items) { node throws(ConfigError) in
            let text = try node.string()
            guard let sizer = BatchMerging.Sizer(rawValue: text) else {
                throw node.error("`batch` supports only `items` or `bytes` sizer, found \"\(text)\"")
            }
            return sizer
        }
        var partition = try map.map("partition")
        merging.partitionKeys = try partition.headerNames("metadata_keys")
        try partition.finish()
        try map.finish()
        return merging
    }

    static func batchOptions(prefix: String) -> [ConfigOption] {
        [
            ConfigOption(
                "\(prefix).flush_timeout",
                "duration",
                default: "200ms",
                example: "1s",
                "How long a batch waits for others at most. With `batch` (`{}` will do) every batch waits until enough has "
                    + "gathered; without it, batches are merged only as far as that costs no time."
            ),
            ConfigOption(
                "\(prefix).min_size",
                "int",
                default: "8192",
                example: "1000",
                "What has gathered is sent as soon as it is as large as this, counted by `batch.sizer`."
            ),
            ConfigOption(
                "\(prefix).max_size",
                "int",
                default: "0",
                example: "10000",
                "A request is no larger than this; larger batches are cut between spans. 0 for no limit."
            ),
            ConfigOption(
                "\(prefix).sizer",
                "items | bytes",
                default: "items",
                example: "bytes",
                "What `min_size` and `max_size` count: spans or bytes."
            ),
            ConfigOption(
                "\(prefix).partition.metadata_keys",
                "list of strings",
                default: "[]",
                example: "[X-Scope-OrgID]",
                "Only batches with the same values of these headers are merged (needs the receiver's "
                    + "`include_metadata`). What is read back from a `storage` has no headers any more."
            ),
        ]
    }
}

extension ConfigMap {
    /// A list of names of headers: in any case, none twice.
    public mutating func headerNames(_ key: String) throws(ConfigError) -> [String] {
        try value(key, absent: []) { node throws(ConfigError) in
            var names: [String] = []
            for element in try node.list() {
                let name = try element.string().lowercased()
                if names.contains(name) {
                    throw element.error("duplicate entry in \(key): \"\(name)\" (case-insensitive)")
                }
                names.append(name)
            }
            return names
        }
    }
}
