/// Where and how queues are stored.
public struct FileStorageOptions: Sendable, Equatable {
    /// Giving disk space back after many batches have lain in the file.
    public struct Compaction: Sendable, Equatable {
        public var onStart = false
        /// When what is used has become little: below `reboundTrigger` bytes in a file of `reboundNeeded` bytes.
        public var onRebound = false
        public var reboundNeeded = 100 << 20
        public var reboundTrigger = 10 << 20
        /// How often it is looked whether that is so, at most.
        public var checkInterval = Duration.seconds(5)

        public init() {}
    }

    public var directory = "/var/lib/otelcol/file_storage"
    /// How long to wait for another process to give the file free.
    public var timeout = Duration.seconds(1)
    /// Have the disk confirm every transaction: what was accepted survives a loss of power too.
    public var fsync = false
    public var createDirectory = true
    /// Of a directory that is created.
    public var directoryPermissions: UInt32 = 0o750
    public var compaction = Compaction()

    public init() {}
}
