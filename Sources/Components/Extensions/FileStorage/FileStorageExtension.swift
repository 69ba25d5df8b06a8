import Collector
import ServiceLifecycle
import Storage

/// The `file_storage` extension: keeps the sending queues of exporters in files, one for each exporter.
final class FileStorageExtension: StorageExtension {
    private let options: FileStorageOptions
    private let context: ComponentContext

    static let factory = ComponentFactory.extension(
        type: "file_storage",
        stability: "beta",
        FileStorageConfiguration.self
    ) { FileStorageExtension($0, context: $1) }

    init(_ configuration: FileStorageConfiguration, context: ComponentContext) {
        options = configuration.storage
        self.context = context
    }

    func queueStorage(exporter: ComponentID) throws -> any QueueStorage {
        try FileQueueStorage(exporter: exporter, options: options, logger: context.logger)
    }

    /// Exporters open and close their files themselves.
    func run() async throws {
        context.report(.ok)
        try? await gracefulShutdown()
        context.report(.stopped)
    }
}
