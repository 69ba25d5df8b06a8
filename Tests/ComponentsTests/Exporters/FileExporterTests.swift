import Collector
import FoundationEssentials
import NIOCore
import Testing

@testable import Components

@Suite struct FileExporterTests {
    let context = TestContext()

    func withDirectory(_ body: (String) async throws -> Void) async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "file-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try await body(directory.path)
    }

    /// - Parameter opened: what the program has opened; nothing when it has just been started.
    func exporter(_ yaml: String, opened: OpenedFiles = OpenedFiles()) throws -> FileExporter {
        let configuration = try configuration(FileExporterConfiguration.self, YAMLText.parse(yaml, source: "test"))
        return FileExporter(configuration, context: context.component("file"), opened: opened)
    }

    func consume(_ exporter: FileExporter, _ batch: TraceBatch) async -> ConsumeResult {
        await withCheckedContinuation { waiter in exporter.consume(batch) { waiter.resume(returning: $0) } }
    }

    @Test func eachRequestIsALineOfOTLPJSON() async throws {
        try await withDirectory { directory in
            let path = "\(directory)/new/traces.json"
            let exporter = try exporter("{path: '\(path)', create_directory: true}")
            try await withRunning(exporter) {
                for name in ["one", "two"] {
                    guard case .accepted(1) = await consume(exporter, Samples.batch(name)) else {
                        Issue.record("not accepted")
                        return
                    }
                }
            }
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines[0].contains(#""traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708""#))
            #expect(lines[0].contains(#""kind":1"#))
            #expect(lines[1].contains(#""name":"two""#))
        }
    }

    @Test func protoHasTheLengthInFront() async throws {
        try await withDirectory { directory in
            let exporter = try exporter("{path: '\(directory)/traces', format: proto}")
            try await withRunning(exporter) { _ = await consume(exporter, Samples.batch()) }
            let body = Samples.bytes()
            let data = try Data(contentsOf: URL(filePath: "\(directory)/traces"))
            #expect(Array(data) == [0, 0, 0, UInt8(body.count)] + body)
        }
    }

    @Test(arguments: [(false, 1), (true, 2)]) func whatIsThereIsKeptWithAppend(append: Bool, count: Int) async throws {
        try await withDirectory { directory in
            for _ in 0..<2 {
                let exporter = try exporter("{path: '\(directory)/traces', append: \(append)}")
                try await withRunning(exporter) { _ = await consume(exporter, Samples.batch()) }
            }
            let text = try String(contentsOfFile: "\(directory)/traces", encoding: .utf8)
            #expect(text.split(separator: "\n").count == count)
        }
    }

    @Test func whatTheProgramHasWrittenItselfIsKept() async throws {
        try await withDirectory { directory in
            let opened = OpenedFiles()
            try "before\n".write(toFile: "\(directory)/traces", atomically: false, encoding: .utf8)
            // Also by another name of the file.
            for path in ["traces", "traces", "./traces"] {
                let exporter = try exporter("{path: '\(directory)/\(path)'}", opened: opened)
                try await withRunning(exporter) { _ = await consume(exporter, Samples.batch()) }
            }
            let lines = try String(contentsOfFile: "\(directory)/traces", encoding: .utf8).split(separator: "\n")
            #expect(lines.count == 3 && !lines.contains("before"), "\(lines)")
        }
    }

    @Test(arguments: [true, false])
    func aFileThatSomebodyElseHasMovedOrRemovedIsBegunAnew(isMoved: Bool) async throws {
        try await withDirectory { directory in
            let path = "\(directory)/t.bin"
            let exporter = try exporter("{path: '\(path)', format: proto, rotation: {max_megabytes: 1}}")
            let batch = TraceBatch(body: ByteBuffer(repeating: 1, count: 700_000), spanCount: 1)
            try await withRunning(exporter) {
                _ = await consume(exporter, batch)
                if isMoved {
                    try FileManager.default.moveItem(atPath: path, toPath: "\(directory)/elsewhere")
                } else {
                    try FileManager.default.removeItem(atPath: path)
                }
                guard case .accepted(1) = await consume(exporter, batch) else {
                    Issue.record("not accepted")
                    return
                }
            }
            #expect(try Data(contentsOf: URL(filePath: path)).count == 700_004)
        }
    }

    @Test func aLongFileIsRenamedAndOldOnesAreRemoved() async throws {
        try await withDirectory { directory in
            let rotation = "{max_megabytes: 1, max_backups: 2}"
            let exporter = try exporter("{path: '\(directory)/t.bin', format: proto, rotation: \(rotation)}")
            let batch = TraceBatch(body: ByteBuffer(repeating: 1, count: 700_000), spanCount: 1)
            try await withRunning(exporter) { for _ in 0..<5 { _ = await consume(exporter, batch) } }
            let files = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
            #expect(files.count == 3 && files.last == "t.bin", "\(files)")
        }
    }

    @Test func aFullDiskIsSaidAndRefusedForNow() async throws {
        let exporter = try exporter("{path: /dev/full}")
        try await withRunning(exporter) {
            guard case .refused(let error) = await consume(exporter, Samples.batch()) else {
                Issue.record("accepted")
                return
            }
            #expect(error.kind == .unavailable)
            #expect(error.message.contains("No space left on device"))
            _ = await context.reports.first { if case .recoverableError = $0 { true } else { false } }
        }
    }

    @Test func aMissingDirectoryIsAnErrorAtTheStart() async throws {
        let exporter = try exporter("{path: /no/such/directory/file}")
        let error = await #expect(throws: FileError.self) { try await exporter.run() }
        #expect(error?.description == "open /no/such/directory/file: No such file or directory")
    }

    @Test(arguments: [
        ("{}", "path must be non-empty"),
        ("{path: a, append: true, rotation: {}}", "append and rotation enabled at the same time is not supported"),
        ("{path: a, compression: zstd}", "compression is not supported"),
    ])
    func contradictionsAreErrors(yaml: String, message: String) {
        let error = #expect(throws: ConfigError.self) { try exporter(yaml) }
        #expect(error?.message.hasPrefix(message) == true)
    }
}
