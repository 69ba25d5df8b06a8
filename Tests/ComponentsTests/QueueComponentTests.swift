import Collector
import FoundationEssentials
import ServiceLifecycle
import Storage
import Testing

@testable import Components

/// The `batch` processor's and the `file_storage` extension's configuration, and how exporters find their storage.
@Suite struct QueueComponentTests {
    private func read<Configuration: ComponentConfiguration>(
        _ type: Configuration.Type,
        _ yaml: String
    ) throws -> Configuration {
        try configuration(type, YAMLText.parse(yaml, source: "test"))
    }

    private func error<Configuration: ComponentConfiguration>(_ type: Configuration.Type, _ yaml: String) -> String? {
        #expect(throws: ConfigError.self) { try read(type, yaml) }?.message
    }

    @Test func batchHasTheCollectorsDefaults() throws {
        let merging = try read(BatchConfiguration.self, "{}").merging
        #expect(merging.linger == .milliseconds(200))
        #expect(merging.threshold == 8192)
        #expect(merging.maximum == .max)
        #expect(merging.partitionLimit == .max, "nothing is told apart")
        #expect(!merging.isOpportunistic)
        let tenants = try read(BatchConfiguration.self, "metadata_keys: [X-Tenant]").merging
        #expect(tenants.partitionKeys == ["x-tenant"])
        #expect(tenants.partitionLimit == 1000)
    }

    @Test func batchRefusesInTheCollectorsWords() {
        let size = "send_batch_max_size must be greater or equal to send_batch_size"
        #expect(error(BatchConfiguration.self, "{send_batch_size: 10, send_batch_max_size: 9}") == size)
        let duplicate = "duplicate entry in metadata_keys: \"a\" (case-insensitive)"
        #expect(error(BatchConfiguration.self, "metadata_keys: [a, A]") == duplicate)
    }

    @Test func aCollectorsFileStorageIsReadAsItIs() throws {
        let storage = try read(
            FileStorageConfiguration.self,
            """
            directory: /var/lib/queue/
            timeout: 10s
            fsync: true
            create_directory: false
            directory_permissions: 0700
            recreate: false
            compaction:
              on_start: true
              on_rebound: true
              directory: /tmp
              max_transaction_size: 10
              cleanup_on_start: true
              rebound_needed_threshold_mib: 50
              rebound_trigger_threshold_mib: 5
              check_interval: 1m
            """
        ).storage
        var expected = FileStorageOptions()
        expected.directory = "/var/lib/queue"
        expected.timeout = .seconds(10)
        expected.fsync = true
        expected.createDirectory = false
        expected.directoryPermissions = 0o700
        expected.compaction.onStart = true
        expected.compaction.onRebound = true
        expected.compaction.reboundNeeded = 50 << 20
        expected.compaction.reboundTrigger = 5 << 20
        expected.compaction.checkInterval = .seconds(60)
        #expect(storage == expected)
        #expect(try read(FileStorageConfiguration.self, "{}").storage == FileStorageOptions())
    }

    @Test func fileStorageSaysWhatIsWrong() {
        let permissions = "'directory_permissions' must be a number in octal such as \"0750\", got \"rwx\""
        #expect(error(FileStorageConfiguration.self, "directory_permissions: rwx") == permissions)
        let interval = "compaction check interval must be positive when rebound compaction is set"
        #expect(error(FileStorageConfiguration.self, "compaction: {on_rebound: true, check_interval: 0}") == interval)
    }

    // MARK: Finding the storage

    private struct Extensions: ExtensionSource {
        let found: [ComponentID: any Service]

        func `extension`(_ id: ComponentID) -> (any Service)? { found[id] }
    }

    private func context(_ found: [String: any Service]) -> ComponentContext {
        let context = TestContext().component("otlp_http")
        return ComponentContext(
            id: context.id,
            logger: context.logger,
            eventLoopGroup: context.eventLoopGroup,
            report: context.report,
            statuses: context.statuses,
            shutdownTimeout: context.shutdownTimeout,
            extensions: Extensions(found: Dictionary(uniqueKeysWithValues: found.map { (ComponentID(type: $0), $1) }))
        )
    }

    private var queue: SendingQueueConfiguration {
        var queue = SendingQueueConfiguration()
        queue.storage = ComponentID(type: "file_storage")
        return queue
    }

    @Test func aStorageThatIsMissingOrNoStorageIsAnErrorWhenTheExporterIsMade() throws {
        #expect {
            try context([:]).queueStorage(queue)
        } throws: { error in
            "\(error)" == "sending_queue::storage: no storage client extension found: \"file_storage\" "
                + "(is it in service::extensions?)"
        }
        let health = try HealthCheckExtension(
            read(HealthCheckConfiguration.self, "{}"),
            context: TestContext().component("health_check")
        )
        #expect {
            try context(["file_storage": health]).queueStorage(queue)
        } throws: { error in
            "\(error)".hasPrefix("sending_queue::storage: requested extension is not a storage extension")
        }
    }

    @Test func aDirectoryThatCannotBeIsAnErrorWhenTheExporterIsMade() throws {
        let storage = FileStorageExtension(
            try read(FileStorageConfiguration.self, "directory: /dev/null"),
            context: TestContext().component("file_storage")
        )
        #expect {
            try context(["file_storage": storage]).queueStorage(queue)
        } throws: { error in
            "\(error)" == "/dev/null, which is where queues are to be stored, is not a directory"
        }
        var off = queue
        off.enabled = false
        let none = try context([:]).queueStorage(off)
        #expect(none == nil)
    }
}
