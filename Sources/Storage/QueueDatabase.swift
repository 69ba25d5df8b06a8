import Collector
import FoundationEssentials
import GRDB
import Glibc
import Logging
import NIOCore

/// The batches of one sending queue in an SQLite file. Its methods block; for one thread at a time.
///
/// The file is locked for as long as it is open. The journal is a write-ahead log: what has been committed survives the end
/// of the process at any moment, and with `fsync` a loss of power too.
///
/// A file that is damaged is set aside under another name, and a new one is begun.
final class QueueDatabase {
    private let path: String
    private let options: FileStorageOptions
    private let logger: Logger
    private var connection: DatabaseQueue
    private var isOpen = true
    private var lastID: Int64
    private var nextCompactionCheck = ContinuousClock.now
    /// What was in the file when it was opened.
    let found: StoredTotals
    /// How many batches are in it now.
    private var count: Int
    /// Smaller ids are of a file that was damaged.
    private var firstID: Int64 = 0

    /// - Throws: `QueueStorageError`.
    init(path: String, options: FileStorageOptions, logger: Logger) throws {
        self.path = path
        self.options = options
        self.logger = logger
        let opened: Opened
        do {
            opened = try Self.open(path, options)
        } catch let error as DatabaseError where error.isCorruption {
            try Self.setAside(path, error, logger)
            opened = try Self.translating(path) { try Self.open(path, options) }
        } catch {
            throw Self.explain(error, path)
        }
        (connection, found, lastID) = (opened.connection, opened.totals, opened.lastID)
        count = opened.totals.batches
        if options.compaction.onStart { try? compact() }
    }

    /// Stores batches and forgets others, all or nothing.
    ///
    /// - Returns: the ids of the stored batches, in their order.
    /// - Throws: `QueueStorageError`. Nothing has changed then.
    func write(_ batches: [TraceBatch], removing ids: [Int64]) throws -> [Int64] {
        do {
            return try commit(batches, removing: ids)
        } catch let error as DatabaseError where error.isCorruption {
            // What the damaged file had is lost to this process; ids go on.
            try startAfresh(error)
            return try Self.translating(path) { try commit(batches, removing: []) }
        } catch {
            // What the log takes on a full disk may be what is missing for the next attempt.
            try? connection.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
            throw Self.explain(error, path)
        }
    }

    /// The oldest batches after `id`: until they add up to `bytes`, at least one if there is one.
    ///
    /// - Throws: `QueueStorageError`.
    func fetch(after id: Int64, bytes: Int) throws -> [FetchedBatch] {
        do {
            return try connection.writeWithoutTransaction { database -> [FetchedBatch] in
                let statement = try database.cachedStatement(
                    sql: "SELECT id, spans, body FROM batches WHERE id > ? ORDER BY id"
                )
                let rows = try Row.fetchCursor(statement, arguments: [id])
                var batches: [FetchedBatch] = []
                var total = 0
                while total < bytes, let row = try rows.next() {
                    let found = try Self.batch(row)
                    total += max(1, found.batch.byteCount)
                    batches.append(found)
                }
                return batches
            }
        } catch let error as DatabaseError where error.isCorruption {
            try startAfresh(error)
            return []
        } catch {
            throw Self.explain(error, path)
        }
    }

    /// Gives disk space back to the system where there is enough to give.
    func compactIfDue(now: ContinuousClock.Instant) {
        let compaction = options.compaction
        guard compaction.onRebound, now >= nextCompactionCheck else { return }
        nextCompactionCheck = now + compaction.checkInterval
        do {
            let (size, free) = try sizes()
            guard size >= compaction.reboundNeeded, size - free <= compaction.reboundTrigger else { return }
            try compact()
            let after = try sizes().size
            logger.info(
                "Compacted the storage of the sending queue.",
                metadata: ["bytes_before": .stringConvertible(size), "bytes_after": .stringConvertible(after)]
            )
        } catch {
            logger.warning("The storage of the sending queue cannot be compacted.", metadata: ["error": "\(error)"])
        }
    }

    /// Whether nothing would be left without these.
    func hasNothing(but ids: [Int64]) -> Bool { ids.count { $0 >= firstID } >= count }

    /// Forgets everything, also on a full disk. Ids go on.
    ///
    /// - Throws: `QueueStorageError`.
    func recreate() throws {
        try? connection.close()
        isOpen = false
        for suffix in ["", "-wal", "-shm"] { unlink(path + suffix) }
        count = 0
        try Self.translating(path) { try reopen() }
    }

    func close() {
        do {
            try connection.close()
        } catch {
            logger.warning("The storage of the sending queue was not closed well.", metadata: ["error": "\(error)"])
        }
    }

    // MARK: SQL

    private func commit(_ batches: [TraceBatch], removing removed: [Int64]) throws -> [Int64] {
        try reopen()
        var ids: [Int64] = []
        var removedCount = 0
        try connection.writeWithoutTransaction { database in
            try database.inTransaction(.immediate) {
                let delete = try database.cachedStatement(sql: "DELETE FROM batches WHERE id = ?")
                for id in removed {
                    try delete.execute(arguments: [id])
                    // A damaged file may have taken it along.
                    removedCount += database.changesCount
                }
                let insert = try database.cachedStatement(
                    sql: "INSERT INTO batches (id, spans, bytes, body) VALUES (?, ?, ?, ?)"
                )
                for batch in batches {
                    let id = lastID + Int64(ids.count) + 1
                    let body = Data(batch.body.readableBytesView)
                    try insert.execute(arguments: [id, batch.spanCount, body.count, body])
                    ids.append(id)
                }
                return .commit
            }
        }
        lastID += Int64(ids.count)
        count += ids.count - removedCount
        return ids
    }

    private static func batch(_ row: Row) throws -> FetchedBatch {
        let body = try row.withUnsafeData(atIndex: 2) { data in data.map { ByteBuffer(bytes: $0) } }
        guard let id = Int64.fromDatabaseValue(row[0]), let spans = Int.fromDatabaseValue(row[1]), spans >= 0, let body
        else { throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a batch is not one") }
        return FetchedBatch(id: id, batch: TraceBatch(body: body, spanCount: spans))
    }

    private func sizes() throws -> (size: Int, free: Int) {
        try connection.writeWithoutTransaction { database in
            func value(_ name: String) throws -> Int { try Int.fetchOne(database, sql: "PRAGMA \(name)") ?? 0 }
            let page = try value("page_size")
            return (try value("page_count") * page, try value("freelist_count") * page)
        }
    }

    private func compact() throws {
        try connection.writeWithoutTransaction { database in
            try database.execute(sql: "VACUUM")
            try database.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
        }
    }

    // MARK: Opening

    private struct Opened {
        let connection: DatabaseQueue
        let totals: StoredTotals
        let lastID: Int64
    }

    /// What is in the file has this form; a later form has another number.
    private static let version = 1

    private static func open(_ path: String, _ options: FileStorageOptions) throws -> Opened {
        try create(path)
        var configuration = Configuration()
        configuration.label = "sending queue"
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(options.timeout / .seconds(1))
        let synchronous = options.fsync ? "FULL" : "NORMAL"
        configuration.prepareDatabase { database in
            // The lock keeps other processes away, and with it the log needs no shared memory.
            try database.execute(
                sql: """
                    PRAGMA locking_mode = EXCLUSIVE;
                    PRAGMA journal_mode = WAL;
                    PRAGMA synchronous = \(synchronous);
                    PRAGMA secure_delete = OFF;
                    PRAGMA journal_size_limit = 16777216;
                    """
            )
        }
        let connection = try DatabaseQueue(path: path, configuration: configuration)
        return try connection.writeWithoutTransaction { database -> Opened in
            try database.inTransaction(.immediate) {
                try createTable(database, path)
                return .commit
            }
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT count(*), coalesce(sum(spans), 0), coalesce(sum(bytes), 0), coalesce(max(id), 0) FROM batches
                    """
            )
            let numbers = row.map { row in (0..<4).compactMap { Int.fromDatabaseValue(row[$0]) } } ?? []
            guard numbers.count == 4, numbers.allSatisfy({ $0 >= 0 }) else {
                throw DatabaseError(resultCode: .SQLITE_CORRUPT, message: "the batches cannot be counted")
            }
            let totals = StoredTotals(batches: numbers[0], spans: numbers[1], bytes: numbers[2])
            return Opened(connection: connection, totals: totals, lastID: Int64(numbers[3]))
        }
    }

    /// Makes the file unless it is there: SQLite would let others read it.
    private static func create(_ path: String) throws(QueueStorageError) {
        // One that is there is not opened: to close any descriptor of a file gives up all locks that the process has on
        // it, also those of a connection that is open.
        guard access(path, R_OK | W_OK) != 0 else { return }
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw QueueStorageError("cannot open \(path): \(String(cString: strerror(errno)))")
        }
        Glibc.close(descriptor)
    }

    private static func createTable(_ database: Database, _ path: String) throws {
        let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        guard found != version else { return }
        let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
        guard found == 0, tables == 0 else {
            throw QueueStorageError(
                "\(path) is not a queue that this version of steptrace can read (version \(found)): move it away"
            )
        }
        try database.execute(
            sql: """
                CREATE TABLE batches (
                    id INTEGER PRIMARY KEY, spans INTEGER NOT NULL, bytes INTEGER NOT NULL, body BLOB NOT NULL
                ) STRICT;
                PRAGMA user_version = \(version);
                """
        )
    }

    // MARK: Errors

    private func startAfresh(_ error: DatabaseError) throws {
        try? connection.close()
        isOpen = false
        try Self.setAside(path, error, logger)
        count = 0
        firstID = lastID + 1
        try Self.translating(path) { try reopen() }
    }

    /// For when opening a new file failed.
    private func reopen() throws {
        guard !isOpen else { return }
        connection = try Self.open(path, options).connection
        isOpen = true
    }

    /// Renames a damaged file.
    private static func setAside(_ path: String, _ error: DatabaseError, _ logger: Logger) throws {
        var name = "\(path).corrupt-\(time(nil))"
        while access(name, F_OK) == 0 { name += "x" }
        guard rename(path, name) == 0 else {
            throw QueueStorageError("cannot rename the damaged file \(path): \(String(cString: strerror(errno)))")
        }
        for suffix in ["-wal", "-shm"] where access(path + suffix, F_OK) == 0 { rename(path + suffix, name + suffix) }
        logger.error(
            "The file of the sending queue is damaged. It was set aside, and a new one is begun.",
            metadata: ["file": "\(path)", "set_aside": "\(name)", "error": "\(error.message ?? "damaged")"]
        )
    }

    private static func translating<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw explain(error, path)
        }
    }

    /// An error in words that say what to do where it is known.
    private static func explain(_ error: any Error, _ path: String) -> QueueStorageError {
        guard let error = error as? DatabaseError else {
            return (error as? QueueStorageError) ?? QueueStorageError("\(path): \(error)")
        }
        switch error.resultCode {
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return QueueStorageError(
                "\(path) is in use by another process: give each process a file_storage::directory of its own"
            )
        case .SQLITE_FULL: return QueueStorageError("\(path): the disk is full")
        case .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM:
            return QueueStorageError("\(path) cannot be written: \(error.message ?? "no permission")")
        default: return QueueStorageError("\(path): \(error.message ?? "error \(error.resultCode.rawValue)")")
        }
    }
}

extension DatabaseError {
    fileprivate var isCorruption: Bool {
        resultCode == .SQLITE_CORRUPT || resultCode == .SQLITE_NOTADB
    }
}
