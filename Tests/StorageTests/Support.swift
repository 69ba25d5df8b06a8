import Collector
import FoundationEssentials
import Logging
import NIOCore
import Synchronization

@testable import Storage

/// A folder that is gone with the last reference to it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "steptrace-storage-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var files: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }

    func size(_ file: String) throws -> Int { try Data(contentsOf: URL(filePath: "\(path)/\(file)")).count }
}

/// What was logged.
final class Messages: Sendable {
    private let all = Mutex<[String]>([])

    var texts: [String] { all.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(messages: self) } }

    private struct Handler: LogHandler {
        let messages: Messages
        var metadata: Logger.Metadata = [:]
        var metadataProvider: Logger.MetadataProvider?
        var logLevel = Logger.Level.debug

        init(messages: Messages) { self.messages = messages }

        func log(event: LogEvent) { messages.all.withLock { $0.append("\(event.message)") } }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
    }
}

func batch(_ text: String, spans: Int = 1) -> TraceBatch {
    TraceBatch(body: ByteBuffer(string: text), spanCount: spans)
}

func texts(_ batches: [FetchedBatch]) -> [String] { batches.map { String(buffer: $0.batch.body) } }

extension FileQueueStorage {
    func store(_ batch: TraceBatch) async throws -> Int64 {
        try await withCheckedContinuation { continuation in
            store(batch) { continuation.resume(returning: $0) }
        }.get()
    }

    func fetch(after id: Int64 = 0, bytes: Int = 1000) async throws -> [FetchedBatch] {
        try await withCheckedContinuation { continuation in
            fetch(after: id, bytes: bytes) { continuation.resume(returning: $0) }
        }.get()
    }
}
