public import ServiceLifecycle

/// Where a sending queue keeps its batches beyond the life of the process: one for each exporter, used by nobody else.
///
/// All methods return at once and do their work in the order of the calls; completions are called in that order too, one
/// after the other, on the storage's own thread. None is called before `open` and after `close`.
public protocol QueueStorage: AnyObject, Sendable {
    /// Another exporter of this process has it: the one that is to be replaced. Opening waits until that has ended.
    var isInUse: Bool { get }

    /// Opens the storage and tells what an earlier process has left in it.
    ///
    /// - Throws: `CancellationError`, or an error whose description says what is wrong and what to do.
    func open() async throws -> StoredTotals

    /// Keeps a batch. When the completion is called with its id, it survives the end of the process.
    ///
    /// Ids grow from call to call.
    func store(
        _ batch: TraceBatch,
        _ completion: @escaping @Sendable (Result<Int64, QueueStorageError>) -> Void
    )

    /// Reads the oldest batches whose ids are greater than `id`: about `bytes` of them, but at least one if there is any.
    func fetch(
        after id: Int64,
        bytes: Int,
        _ completion: @escaping @Sendable (Result<[FetchedBatch], QueueStorageError>) -> Void
    )

    /// Forgets batches. Until that has been written, the next process may find them again.
    func remove(_ ids: [Int64])

    /// Ends what was asked for, and closes the storage.
    func close() async
}

/// A batch as it was read from a storage.
public struct FetchedBatch: Sendable {
    public let id: Int64
    public let batch: TraceBatch

    public init(id: Int64, batch: TraceBatch) {
        self.id = id
        self.batch = batch
    }
}

/// How much is in a storage.
public struct StoredTotals: Sendable, Equatable {
    public var batches = 0
    public var spans = 0
    public var bytes = 0

    public init(batches: Int = 0, spans: Int = 0, bytes: Int = 0) {
        self.batches = batches
        self.spans = spans
        self.bytes = bytes
    }

    mutating func add(_ batch: TraceBatch) {
        batches += 1
        spans += batch.spanCount
        bytes += batch.byteCount
    }

    /// Nothing becomes less than nothing, whatever a file says.
    mutating func subtract(_ batch: TraceBatch) {
        batches = max(0, batches - 1)
        spans = max(0, spans - batch.spanCount)
        bytes = max(0, bytes - batch.byteCount)
    }
}

/// Why a storage did not do what it was asked for. It may work the next time.
public struct QueueStorageError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// An extension that has storages for sending queues.
public protocol StorageExtension: Service {
    /// The storage of an exporter. Nothing is opened yet.
    ///
    /// - Throws: what can be said to be wrong without opening anything.
    func queueStorage(exporter: ComponentID) throws -> any QueueStorage
}

extension ComponentContext {
    /// The storage that `sending_queue::storage` of this exporter names; nil for none.
    public func queueStorage(_ queue: SendingQueueConfiguration) throws -> (any QueueStorage)? {
        guard queue.enabled, let id = queue.storage else { return nil }
        guard let found = extensions.extension(id) else {
            throw QueueStorageError(
                "sending_queue::storage: no storage client extension found: \"\(id)\" (is it in service::extensions?)"
            )
        }
        guard let storage = found as? any StorageExtension else {
            throw QueueStorageError(
                "sending_queue::storage: requested extension is not a storage extension: \"\(id)\""
            )
        }
        return try storage.queueStorage(exporter: self.id)
    }
}
