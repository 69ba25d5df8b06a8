import Collector
import FoundationEssentials
import Glibc
import Testing

@testable import Storage

@Suite struct QueueDatabaseTests {
    let folder: TemporaryFolder
    let messages = Messages()

    init() throws { folder = try TemporaryFolder() }

    func open(_ configure: (inout FileStorageOptions) -> Void = { _ in }) throws -> QueueDatabase {
        var options = FileStorageOptions()
        options.directory = folder.path
        options.timeout = .milliseconds(10)
        configure(&options)
        return try QueueDatabase(path: "\(folder.path)/queue.sqlite", options: options, logger: messages.logger)
    }

    @Test func whatIsWrittenIsThereAfterwardsOldestFirst() throws {
        var database = try open()
        #expect(database.found == StoredTotals())
        #expect(try database.write([batch("a", spans: 2), batch("bb", spans: 3)], removing: []) == [1, 2])
        #expect(try database.write([batch("ccc")], removing: [1]) == [3])
        database.close()
        database = try open()
        #expect(database.found == StoredTotals(batches: 2, spans: 4, bytes: 5))
        let found = try database.fetch(after: 0, bytes: 100)
        #expect(texts(found) == ["bb", "ccc"])
        #expect(found.map(\.batch.spanCount) == [3, 1])
        #expect(try database.write([batch("d")], removing: []) == [4], "ids go on")
        database.close()
    }

    @Test func fetchReadsNoMoreThanIsAskedForAndAtLeastOne() throws {
        let database = try open()
        _ = try database.write((0..<5).map { batch("\($0)000") }, removing: [])
        #expect(texts(try database.fetch(after: 1, bytes: 8)) == ["1000", "2000"])
        #expect(texts(try database.fetch(after: 4, bytes: 1)) == ["4000"])
        #expect(try database.fetch(after: 5, bytes: 1).isEmpty)
        database.close()
    }

    @Test func theFileIsForItsOwnerOnly() throws {
        let database = try open()
        _ = try database.write([batch("a")], removing: [])
        for file in folder.files {
            var info = stat()
            stat("\(folder.path)/\(file)", &info)
            #expect(info.st_mode & 0o777 == 0o600, "\(file)")
        }
        #expect(folder.files == ["queue.sqlite", "queue.sqlite-wal"])
        database.close()
    }

    @Test func anAttemptToOpenItOnceMoreLeavesItLocked() throws {
        let database = try open()
        _ = try database.write([batch("a")], removing: [])
        #expect(throws: QueueStorageError.self) { try open() }
        #expect(try isLocked())
        database.close()
        #expect(try !isLocked())
    }

    /// Whether another process could not lock the file. To be asked once while it is open: closing what is opened here gives
    /// up the locks that this process has on it.
    private func isLocked() throws -> Bool {
        let descriptor = Glibc.open("\(folder.path)/queue.sqlite", O_RDWR)
        try #require(descriptor >= 0)
        defer { Glibc.close(descriptor) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        // F_OFD_GETLK: as if by somebody else, for the descriptor's locks and the process's are in each other's way.
        try #require(withUnsafeMutablePointer(to: &lock) { fcntl(descriptor, 36, UnsafeMutableRawPointer($0)) } == 0)
        return lock.l_type != Int16(F_UNLCK)
    }

    @Test func rubbishIsSetAsideAndANewFileBegun() throws {
        let rubbish = String(repeating: "This is no database. ", count: 1000)
        try Data(rubbish.utf8).write(to: URL(filePath: "\(folder.path)/queue.sqlite"))
        let database = try open()
        #expect(try database.write([batch("a")], removing: []) == [1])
        database.close()
        let aside = try #require(folder.files.first { $0.hasPrefix("queue.sqlite.corrupt-") })
        #expect(try folder.size(aside) == rubbish.utf8.count)
        #expect(messages.texts.map { $0.prefix(42) } == ["The file of the sending queue is damaged. "])
    }

    /// Every page but the first is overwritten, so that the file is opened and found to be damaged later.
    @Test func damageThatIsFoundLaterCostsWhatWasThereAndIdsGoOn() throws {
        var database = try open()
        let body = String(repeating: "x", count: 3000)
        _ = try database.write((0..<200).map { _ in batch(body) }, removing: [])
        database.close()
        let url = URL(filePath: "\(folder.path)/queue.sqlite")
        var bytes = try Data(contentsOf: url)
        // Beyond what counting them reads: the last pages are those of bodies.
        let half = bytes.count / 2 / 4096 * 4096
        for index in half..<bytes.count { bytes[index] = 0xA5 }
        try bytes.write(to: url)
        database = try open()
        // Damaged when opened, or when read: either way there is an empty file afterwards.
        let found = try database.fetch(after: 0, bytes: 1 << 30)
        #expect(found.count < 200)
        #expect(messages.texts.count == 1)
        let ids = try database.write([batch("new")], removing: [])
        #expect(ids.count == 1)
        #expect(texts(try database.fetch(after: ids[0] - 1, bytes: 10)) == ["new"])
        database.close()
    }

    @Test func aNewFileForgetsEverythingAndIdsGoOn() throws {
        let database = try open()
        let ids = try database.write([batch("a"), batch("b")], removing: [])
        #expect(!database.hasNothing(but: [ids[0]]))
        #expect(database.hasNothing(but: ids))
        try database.recreate()
        #expect(database.hasNothing(but: []))
        #expect(try database.fetch(after: 0, bytes: 10).isEmpty)
        #expect(try database.write([batch("c")], removing: ids) == [3])
        #expect(!database.hasNothing(but: []))
        database.close()
    }

    @Test func anotherProcessIsToldThatTheFileIsInUse() throws {
        // A lock keeps away other processes and, within this one, other connections.
        let database = try open()
        #expect {
            try open()
        } throws: { error in
            "\(error)".contains("is in use by another process")
        }
        #expect(try database.write([batch("a")], removing: []) == [1])
        database.close()
        try open().close()
    }

    @Test func aQueueOfALaterVersionIsNotTouched() throws {
        let database = try open()
        database.close()
        let url = URL(filePath: "\(folder.path)/queue.sqlite")
        var bytes = try Data(contentsOf: url)
        // user_version, SQLite file format 1.3.
        bytes[63] = 9
        try bytes.write(to: url)
        #expect {
            try open()
        } throws: { error in
            "\(error)".contains("(version 9): move it away")
        }
        #expect(try Data(contentsOf: url) == bytes)
    }

    @Test func aLargeFileInWhichLittleIsLeftIsCompactedOnRebound() throws {
        let database = try open { options in
            options.compaction.onRebound = true
            options.compaction.reboundNeeded = 1 << 20
            options.compaction.reboundTrigger = 100 << 10
            options.compaction.checkInterval = .seconds(5)
        }
        let body = String(repeating: "x", count: 10_000)
        let ids = try database.write((0..<300).map { _ in batch(body) }, removing: [])
        let start = ContinuousClock.now
        database.compactIfDue(now: start)
        #expect(messages.texts.isEmpty, "it is full")
        _ = try database.write([], removing: Array(ids.dropLast()))
        database.compactIfDue(now: start + .seconds(1))
        #expect(messages.texts.isEmpty, "it was looked at a second ago")
        database.compactIfDue(now: start + .seconds(6))
        #expect(messages.texts == ["Compacted the storage of the sending queue."])
        #expect(try folder.size("queue.sqlite") < 200_000)
        #expect(texts(try database.fetch(after: 0, bytes: 1)) == [body])
        database.close()
    }
}
