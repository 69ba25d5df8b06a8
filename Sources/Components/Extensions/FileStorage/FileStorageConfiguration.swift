public import Collector
public import Storage

/// The configuration of the `file_storage` extension, with the Collector's keys, defaults and messages.
public struct FileStorageConfiguration: ComponentConfiguration {
    public var storage = FileStorageOptions()

    public init(from map: inout ConfigMap) throws(ConfigError) {
        storage.directory = try map.string("directory", default: storage.directory)
        if storage.directory.isEmpty { try map.report("directory must not be empty") }
        while storage.directory.count > 1, storage.directory.hasSuffix("/") { storage.directory.removeLast() }
        storage.timeout = try map.duration("timeout", default: storage.timeout, in: .zero ... .seconds(3600))
        storage.fsync = try map.bool("fsync", default: storage.fsync)
        storage.createDirectory = try map.bool("create_directory", default: storage.createDirectory)
        storage.directoryPermissions = try map.value(
            "directory_permissions",
            absent: storage.directoryPermissions
        ) { node throws(ConfigError) in
            let text = try node.string()
            guard let permissions = UInt32(text, radix: 8), permissions <= 0o777 else {
                throw node.error("'directory_permissions' must be a number in octal such as \"0750\", got \"\(text)\"")
            }
            return permissions
        }
        // A damaged file is always set aside.
        _ = try map.bool("recreate", default: true)
        var compaction = try map.map("compaction")
        storage.compaction = try Self.compaction(&compaction)
        try compaction.finish()
    }

    private static func compaction(_ map: inout ConfigMap) throws(ConfigError) -> FileStorageOptions.Compaction {
        var compaction = FileStorageOptions.Compaction()
        compaction.onStart = try map.bool("on_start", default: compaction.onStart)
        compaction.onRebound = try map.bool("on_rebound", default: compaction.onRebound)
        let mebibytes = 0...(Int.max >> 20)
        compaction.reboundNeeded = try map.int("rebound_needed_threshold_mib", default: 100, in: mebibytes) << 20
        compaction.reboundTrigger = try map.int("rebound_trigger_threshold_mib", default: 10, in: mebibytes) << 20
        compaction.checkInterval = try map.duration("check_interval", default: compaction.checkInterval)
        if compaction.onRebound, compaction.checkInterval <= .zero {
            try map.report("compaction check interval must be positive when rebound compaction is set")
        }
        // SQLite compacts in place, and what is left of an attempt that was cut off is not used.
        _ = try map.optionalString("directory")
        _ = try map.int("max_transaction_size", default: 65_536)
        _ = try map.bool("cleanup_on_start", default: false)
        return compaction
    }

    public static var options: [ConfigOption] {
        [
            ConfigOption(
                "directory",
                "path",
                default: "/var/lib/otelcol/file_storage",
                example: "/var/lib/steptrace",
                "Where the files are, one for each exporter. No other process may use them at the same time."
            ),
            ConfigOption(
                "timeout",
                "duration",
                default: "1s",
                example: "10s",
                "How long to wait for another process to give a file free before the start fails."
            ),
            ConfigOption(
                "fsync",
                "bool",
                default: "false",
                example: "true",
                "Have the disk confirm each transaction. Without it, what was accepted survives the end of the process at any "
                    + "moment; with it, a loss of power too."
            ),
            ConfigOption(
                "create_directory",
                "bool",
                default: "true",
                example: "false",
                "Create the directory when it is not there."
            ),
            ConfigOption(
                "directory_permissions",
                "octal number",
                default: "\"0750\"",
                example: "\"0700\"",
                "Of a directory that is created. Files can be read by their owner only."
            ),
            ConfigOption(
                "recreate",
                "bool",
                default: "true",
                example: "false",
                "Without effect: a damaged file is always set aside, and a new one is begun."
            ),
            ConfigOption(
                "compaction.on_start",
                "bool",
                default: "false",
                example: "true",
                "Give free disk space back when a file is opened."
            ),
            ConfigOption(
                "compaction.on_rebound",
                "bool",
                default: "false",
                example: "true",
                "Give free disk space back when little is left in a file that has become large."
            ),
            ConfigOption(
                "compaction.rebound_needed_threshold_mib",
                "int",
                default: "100",
                example: "500",
                "How large a file must have become for `on_rebound`."
            ),
            ConfigOption(
                "compaction.rebound_trigger_threshold_mib",
                "int",
                default: "10",
                example: "50",
                "How little must be left in it for `on_rebound`."
            ),
            ConfigOption(
                "compaction.check_interval",
                "duration",
                default: "5s",
                example: "1m",
                "How often that is looked at, at most."
            ),
            ConfigOption(
                "compaction.directory",
                "path",
                default: "",
                example: "/tmp",
                "Without effect: files are compacted where they are."
            ),
            ConfigOption(
                "compaction.max_transaction_size",
                "int",
                default: "65536",
                example: "1000",
                "Without effect: files are compacted in one transaction."
            ),
            ConfigOption(
                "compaction.cleanup_on_start",
                "bool",
                default: "false",
                example: "true",
                "Without effect: nothing is left of a compaction that was cut off."
            ),
        ]
    }
}
