public import Collector
public import Logging
import NIOPosix
import Synchronization

/// The storage of a sending queue in a file, written by a thread of its own.
///
/// What is waiting when the thread is free goes into one transaction: the more load, the fewer commits for each batch.
public final class FileQueueStorage: QueueStorage {
    private typealias StoreCompletion = @Sendable (Result<Int64, QueueStorageError>) -> Void
    private typealias FetchCompletion = @Sendable (Result<[FetchedBatch], QueueStorageError>) -> Void

    private enum Request: Sendable {
        case store(TraceBatch, StoreCompletion)
        case fetch(after: Int64, bytes: Int, FetchCompletion)
        case remove([Int64])
    }

    private struct Inbox {
        var requests: [Request] = []
        /// The thread has been told that there is something.
        var isScheduled = false
        var isOpen = false
    }

    /// What the thread has. Sendable because only the storage's one thread uses it.
    private final class Work: @unchecked Sendable {
        var database: QueueDatabase?
        /// Ids whose removal has not been written yet.
        var unremoved: [Int64] = []
        /// Why writing failed last, and when it is to be tried again at the earliest.
        var failure: (error: QueueStorageError, until: ContinuousClock.Instant)?
    }

    private let options: FileStorageOptions
    private let path: String
    private let logger: Logger
    private let thread = NIOThreadPool(numberOfThreads: 1)
    private let inbox = Mutex(Inbox())
    private let work = Work()

    /// - Throws: what can be seen to be wrong with the directory. Nothing is opened or created.
    public init(exporter: ComponentID, options: FileStorageOptions, logger: Logger) throws {
        self.options = options
        self.logger = logger
        let directory = StorageDirectory(options: options)
        try directory.check()
        path = directory.file(exporter: exporter)
    }

    public var isInUse: Bool { FileHolders.shared.isHeld(path) }

    public func open() async throws -> StoredTotals {
        try await FileHolders.shared.acquire(path)
        thread.start()
        do {
            let totals = try await thread.runIfActive { [work, path, options, logger] in
                try StorageDirectory(options: options).prepare()
                let database = try QueueDatabase(path: path, options: options, logger: logger)
                work.database = database
                return database.found
            }
            inbox.withLock { $0.isOpen = true }
            return totals
        } catch {
            try? await thread.shutdownGracefully()
            FileHolders.shared.release(path)
            throw error
        }
    }

    public func store(
        _ batch: TraceBatch,
        _ completion: @escaping @Sendable (Result<Int64, QueueStorageError>) -> Void
    ) {
        if !request(.store(batch, completion)) { completion(.failure(Self.closed)) }
    }

    public func fetch(
        after id: Int64,
        bytes: Int,
        _ completion: @escaping @Sendable (Result<[FetchedBatch], QueueStorageError>) -> Void
    ) {
        if !request(.fetch(after: id, bytes: bytes, completion)) { completion(.failure(Self.closed)) }
    }

    public func remove(_ ids: [Int64]) { _ = request(.remove(ids)) }

    public func close() async {
        guard inbox.withLock({ exchange(&$0.isOpen, with: false) }) else { return }
        // The thread takes what it is given in order: with this done, all else is. The async `runIfActive` would not do:
        // in a task that has been cancelled it leaves its body out, and then the file would stay open, and locked.
        await withCheckedContinuation { continuation in
            thread.submit { [self] _ in
                handleAll()
                if !work.unremoved.isEmpty { write([]) }
                work.database?.close()
                work.database = nil
                continuation.resume()
            }
        }
        try? await thread.shutdownGracefully()
        FileHolders.shared.release(path)
    }

    /// Senders are refused without another try for so long after a failure.
    private static let pauseAfterFailure = Duration.milliseconds(200)

    private static let closed = QueueStorageError("the storage is closed")

    /// False when the storage is closed.
    private func request(_ request: Request) -> Bool {
        let (isOpen, isFirst) = inbox.withLock { inbox in
            guard inbox.isOpen else { return (false, false) }
            inbox.requests.append(request)
            return (true, !exchange(&inbox.isScheduled, with: true))
        }
        if isFirst { thread.submit { [self] _ in handleAll() } }
        return isOpen
    }

    // MARK: On the thread

    private func handleAll() {
        while true {
            let requests = inbox.withLock { inbox in
                if inbox.requests.isEmpty { inbox.isScheduled = false }
                return exchange(&inbox.requests, with: [])
            }
            guard !requests.isEmpty else { return }
            handle(requests)
            work.database?.compactIfDue(now: .now)
        }
    }

    private func handle(_ requests: [Request]) {
        var stores: [(batch: TraceBatch, completion: StoreCompletion)] = []
        for request in requests {
            switch request {
            case .store(let batch, let completion): stores.append((batch, completion))
            case .remove(let ids): work.unremoved += ids
            case .fetch(let id, let bytes, let completion):
                // It is to find what was stored before.
                write(exchange(&stores, with: []))
                completion(fetch(after: id, bytes: bytes))
            }
        }
        write(stores)
    }

    /// One transaction for all.
    private func write(_ stores: [(batch: TraceBatch, completion: StoreCompletion)]) {
        guard let database = work.database, !stores.isEmpty || !work.unremoved.isEmpty else { return }
        if let failure = work.failure, failure.until > ContinuousClock.now, work.unremoved.isEmpty {
            for store in stores { store.completion(.failure(failure.error)) }
            return
        }
        do {
            let ids = try database.write(stores.map(\.batch), removing: work.unremoved)
            work.unremoved.removeAll()
            work.failure = nil
            for (store, id) in zip(stores, ids) { store.completion(.success(id)) }
        } catch {
            let error = Self.error(error)
            work.failure = (error, ContinuousClock.now + Self.pauseAfterFailure)
            removeAlone(database)
            for store in stores { store.completion(.failure(error)) }
        }
    }

    /// For when the disk is full: without new batches there may be room to remove old ones. Where there is not, and nothing
    /// would be left, a new file will do.
    private func removeAlone(_ database: QueueDatabase) {
        guard !work.unremoved.isEmpty else { return }
        do {
            if database.hasNothing(but: work.unremoved) {
                try database.recreate()
            } else {
                _ = try database.write([], removing: work.unremoved)
            }
            work.unremoved.removeAll()
            work.failure = nil
        } catch {
            // They are removed with the next transaction that succeeds.
        }
    }

    private func fetch(after id: Int64, bytes: Int) -> Result<[FetchedBatch], QueueStorageError> {
        guard let database = work.database else { return .failure(Self.closed) }
        do {
            return .success(try database.fetch(after: id, bytes: bytes))
        } catch {
            return .failure(Self.error(error))
        }
    }

    private static func error(_ error: any Error) -> QueueStorageError {
        (error as? QueueStorageError) ?? QueueStorageError("\(error)")
    }
}
