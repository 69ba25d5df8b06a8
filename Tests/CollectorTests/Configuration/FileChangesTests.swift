import FoundationEssentials
import Testing

@testable import Collector

@Suite struct FileChangesTests {
    /// A folder with files that is gone with it.
    final class Folder {
        let path: String

        init() throws {
            path = FileManager.default.temporaryDirectory.appending(path: "steptrace-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
        }

        func stamps() -> [String: FileStamp?] { ["file": FileStamp("\(path)/file")] }
    }

    @Test func aChangeIsToldOnceWhenItHasSettled() throws {
        let folder = try Folder()
        try folder.write("file", "a")
        var changes = FileChanges()
        changes.reset(folder.stamps())
        #expect(changes.look(folder.stamps()) == false)
        try folder.write("file", "ab")
        #expect(changes.look(folder.stamps()) == false)
        try folder.write("file", "abc")
        #expect(changes.look(folder.stamps()) == false)
        #expect(changes.look(folder.stamps()) == true)
        #expect(changes.look(folder.stamps()) == false)
    }

    @Test func aFileThatGoesAndComesIsAChange() throws {
        let folder = try Folder()
        var changes = FileChanges()
        changes.reset(folder.stamps())
        try folder.write("file", "a")
        #expect(changes.look(folder.stamps()) == false)
        #expect(changes.look(folder.stamps()) == true)
        try FileManager.default.removeItem(atPath: "\(folder.path)/file")
        #expect(changes.look(folder.stamps()) == false)
        #expect(changes.look(folder.stamps()) == true)
    }

    @Test func whatIsNoFileDoesNotChange() {
        #expect(FileStamp("/dev/null") == nil)
        #expect(FileStamp(#filePath) != nil)
    }

    @Test func aSwappedLinkOnTheWayIsAChange() throws {
        let folder = try Folder()
        for version in ["1", "2"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder.path)/\(version)",
                withIntermediateDirectories: true
            )
            try folder.write("\(version)/file", "same")
        }
        func link(_ name: String, to target: String) throws {
            try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/\(name)", withDestinationPath: target)
        }
        try link("..data", to: "1")
        try link("file", to: "..data/file")
        var changes = FileChanges()
        changes.reset(folder.stamps())
        try FileManager.default.removeItem(atPath: "\(folder.path)/..data")
        try link("..data", to: "2")
        #expect(changes.look(folder.stamps()) == false)
        #expect(changes.look(folder.stamps()) == true)
    }

    @Test func theFilesOfASourceAreThoseThatWereRead() throws {
        let folder = try Folder()
        try folder.write("file", "receivers: {in: {uses: \"${file:\(folder.path)/secret}\"}}")
        let source = ConfigurationSource(configs: ["\(folder.path)/file"], sets: [], sources: .system, factories: [])
        // Wrong in more than one way; the files are followed all the same.
        #expect(throws: ConfigErrors.self) { try source.load() }
        #expect(!source.filesHaveChanged())
        try folder.write("secret", "x")
        #expect(!source.filesHaveChanged())
        #expect(source.filesHaveChanged())
        #expect(!source.filesHaveChanged())
    }
}
