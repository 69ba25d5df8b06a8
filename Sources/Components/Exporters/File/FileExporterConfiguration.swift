public import Collector

/// The configuration of the `file` exporter, with the Collector's keys, defaults and messages.
public struct FileExporterConfiguration: ComponentConfiguration {
    public enum Format: String, Sendable, Equatable, CaseIterable {
        /// A request a line.
        case json
        /// Each request behind its length, four bytes, the highest first.
        case proto
    }

    public struct Rotation: Sendable, Equatable {
        public var maxMegabytes = 100
        /// 0 for no limit.
        public var maxDays = 0
        /// 0 for no limit.
        public var maxBackups = 100
        public var localtime = false
    }

    public let path: String
    public let append: Bool
    /// nil: the file is never renamed.
    public let rotation: Rotation?
    public let format: Format
    public let createDirectory: Bool
    public let directoryPermissions: UInt32

    public init(from map: inout ConfigMap) throws(ConfigError) {
        path = try map.string("path", default: "")
        append = try map.bool("append", default: false)
        if var options = try map.optionalMap("rotation") {
            var rotation = Rotation()
            rotation.maxMegabytes = try options.int("max_megabytes", default: 100, in: 1...(1 << 30))
            rotation.maxDays = try options.int("max_days", default: 0, in: 0...100_000)
            rotation.maxBackups = try options.int("max_backups", default: 100)
            rotation.localtime = try options.bool("localtime", default: false)
            try options.finish()
            self.rotation = rotation
        } else {
            rotation = nil
        }
        format = try map.oneOf("format", default: .json)
        let compression = try map.string("compression", default: "none")
        // Written at once: there is nothing to flush.
        _ = try map.duration("flush_interval", default: .seconds(1), in: .nanoseconds(1) ... .nanoseconds(Int64.max))
        createDirectory = try map.bool("create_directory", default: false)
        let permissions = try map.string("directory_permissions", default: "0755")
        if path.isEmpty { try map.report("path must be non-empty") }
        if append, rotation != nil {
            try map.report("append and rotation enabled at the same time is not supported")
        }
        if !["none", ""].contains(compression) {
            try map.report("compression is not supported: \(compression) (remove it, or set it to none)")
        }
        directoryPermissions = UInt32(permissions, radix: 8) ?? .max
        if directoryPermissions > 0o777 {
            try map.report("directory_permissions must be octal, such as 0755, not \"\(permissions)\"")
        }
    }

    public static var options: [ConfigOption] {
        [
            ConfigOption("path", "path", default: "", example: "/var/log/traces.json", "The file. Required."),
            ConfigOption(
                "append",
                "bool",
                default: "false",
                example: "true",
                "Keep what is in the file when the program opens it first; after a reload it is always kept. Not together "
                    + "with `rotation`."
            ),
            ConfigOption(
                "rotation.max_megabytes",
                "int",
                default: "",
                example: "10",
                "Rename the file before it gets longer, and begin a new one; 100 when `rotation` is there without it."
            ),
            ConfigOption(
                "rotation.max_days",
                "int",
                default: "",
                example: "7",
                "Remove renamed files that are older; 0, the default, for never."
            ),
            ConfigOption(
                "rotation.max_backups",
                "int",
                default: "",
                example: "3",
                "How many renamed files to keep; 0 for all of them. 100 when `rotation` is there without it."
            ),
            ConfigOption(
                "rotation.localtime",
                "bool",
                default: "",
                example: "true",
                "Use local time rather than UTC in the names of renamed files."
            ),
            ConfigOption(
                "format",
                "json | proto",
                default: "json",
                example: "proto",
                "OTLP/JSON with a request a line, or protobuf with the length of each request (4 bytes) in front of it."
            ),
            ConfigOption("compression", "none", default: "none", example: "none", "Only `none`: there is no zstd."),
            ConfigOption(
                "flush_interval",
                "duration",
                default: "1s",
                example: "5s",
                "Accepted for compatibility: every request is written at once."
            ),
            ConfigOption(
                "create_directory",
                "bool",
                default: "false",
                example: "true",
                "Make the file's directory, and those above, if they are not there."
            ),
            ConfigOption(
                "directory_permissions",
                "octal number",
                default: "0755",
                example: "\"0700\"",
                "The permissions of directories that are made."
            ),
        ]
    }
}
