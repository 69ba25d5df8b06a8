import Collector
import Glibc
import Logging
import Synchronization
import Testing

@testable import Storage

@Suite struct FileQueueStorageTests {
    let folder: TemporaryFolder
    let messages = Messages()

    init() throws { folder = try TemporaryFolder() }

    func storage(
        _ name: String = "",
        _ configure: (inout FileStorageOptions) -> Void = { _ in }
    ) throws -> FileQueueStorage {
        var options = FileStorageOptions()
        options.directory = folder.path
        options.timeout = .milliseconds(10)
        configure(&options)
        let exporter = ComponentID(type: "otlp_http", name: name)
        return try FileQueueStorage(exporter: exporter, options: options, logger: messages.logger)
    }

    @Test func whatWasStoredIsThereForTheNext() async throws {
        let first = try storage()
        #expect(try await first.open() == StoredTotals())
        #expect(try await first.store(batch("a")) == 1)
        #expect(try await first.store(batch("b", spans: 4)) == 2)
        first.remove([1])
        await first.close()
        let second = try storage()
        #expect(try await second.open() == StoredTotals(batches: 1, spans: 4, bytes: 1))
        #expect(texts(try await second.fetch()) == ["b"])
        await second.close()
    }

    @Test func manySendersAtATimeGetIdsInTheOrderOfTheirCalls() async throws {
        let storage = try storage()
        _ = try await storage.open()
        let ids = Mutex<[Int64]>([])
        let done = AsyncStream<Void>.makeStream()
        for number in 1...1000 {
            storage.store(batch("\(number)")) { result in
                let count = ids.withLock { ids in
                    ids.append((try? result.get()) ?? -1)
                    return ids.count
                }
                if count == 1000 { done.continuation.finish() }
            }
        }
        for await _ in done.stream {}
        #expect(ids.withLock { $0 } == Array(1...1000))
        let fetched = try await storage.fetch(bytes: 1 << 20)
        #expect(texts(fetched) == (1...1000).map(String.init))
        await storage.close()
    }

    @Test func theNextInTheSameProcessWaitsForTheOneThatHasTheFile() async throws {
        let first = try storage()
        let second = try storage()
        #expect(!second.isInUse)
        _ = try await first.open()
        #expect(second.isInUse)
        let opening = Task { try await second.open() }
        #expect(try await first.store(batch("a")) == 1)
        await first.close()
        #expect(try await opening.value == StoredTotals(batches: 1, spans: 1, bytes: 1))
        await second.close()
        #expect(!first.isInUse)
    }

    @Test func waitingForAFileCanBeCancelled() async throws {
        let first = try storage()
        let second = try storage()
        _ = try await first.open()
        let opening = Task { try await second.open() }
        opening.cancel()
        await #expect(throws: CancellationError.self) { try await opening.value }
        await first.close()
    }

    @Test func closingDoesItsWorkInATaskThatHasBeenCancelled() async throws {
        let first = try storage()
        _ = try await first.open()
        #expect(try await first.store(batch("a")) == 1)
        first.remove([1])
        let closing = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            await first.close()
        }
        await closing.value
        let second = try storage()
        #expect(try await second.open() == StoredTotals())
        await second.close()
    }

    @Test func aClosedStorageRefuses() async throws {
        let storage = try storage()
        _ = try await storage.open()
        await storage.close()
        await #expect(throws: QueueStorageError("the storage is closed")) { try await storage.store(batch("a")) }
        await #expect(throws: QueueStorageError("the storage is closed")) { try await storage.fetch() }
    }

    @Test func eachExporterHasAFileOfItsOwn() async throws {
        let plain = try storage()
        let named = try storage("a/b")
        _ = try await plain.open()
        _ = try await named.open()
        #expect(
            folder.files.filter { $0.hasSuffix(".sqlite") } == [
                "exporter_otlp_http__traces.sqlite", "exporter_otlp_http_a~002Fb_traces.sqlite",
            ]
        )
        await plain.close()
        await named.close()
    }

    @Test func directoriesAreCreatedWithTheirPermissions() async throws {
        let path = folder.path + "/some/where"
        let storage = try storage {
            $0.directory = path
            $0.directoryPermissions = 0o700
        }
        #expect(folder.files == [], "not before it is opened")
        _ = try await storage.open()
        var info = stat()
        stat(path, &info)
        #expect(info.st_mode & 0o777 == 0o700)
        await storage.close()
    }

    @Test func aMissingDirectoryIsAnErrorWhenItIsNotToBeCreated() {
        #expect {
            try storage {
                $0.directory = "/no/such/place"
                $0.createDirectory = false
            }
        } throws: { error in
            "\(error)" == "directory must exist: /no/such/place. "
                + "You can enable the create_directory option to automatically create it"
        }
    }

    @Test(arguments: ["/dev/null", "/dev/null/below"])
    func whatCannotBeADirectoryIsAnError(path: String) {
        #expect {
            try storage { $0.directory = path }
        } throws: { error in
            "\(error)".contains("/dev/null, which is where") && "\(error)".hasSuffix("is not a directory")
        }
    }

    @Test func aDirectoryThatCannotBeCreatedIsAnErrorAtTheStart() async throws {
        // Nobody, root included, can create anything in there.
        await #expect {
            let storage = try storage { $0.directory = "/proc/steptrace" }
            _ = try await storage.open()
        } throws: { error in
            "\(error)".contains("/proc")
        }
    }
}
