import FoundationEssentials
import OTLP
import Replay
import Testing

/// Components that have a file for themselves, and others of the same file that come in their place.
@Suite("Changing the configuration of what has files")
struct ReloadFilesTests {
    typealias Configuration = ReloadStage.Configuration

    @Test("an exporter with a storage is replaced while its backend hangs: the next one sends what it had")
    func storage() async throws {
        let folder = try TemporaryFolder()
        let first = Configuration(
            queue: "storage: file_storage",
            fileStorage: "{directory: \(folder.path)/queue, timeout: 100ms}",
            shutdownTimeout: "1s"
        )
        var second = first
        second.backend = \.other
        try await ReloadStage.run(first) { stage in
            #expect(try await stage.post(1) == 200)
            #expect(await stage.backend.waitUntil { $0.spans.count == 1 })
            stage.backend.behave(.hang)
            #expect(try await stage.post(2) == 200)
            #expect(await stage.backend.waitUntil { $0.rejectedCount == 1 })
            // Once more, for the same again with one that had to wait.
            stage.other.behave(.hang)
            try await stage.reload(second)
            #expect(await stage.other.waitUntil { $0.rejectedCount == 1 }, "\(stage.gateway.output.text)")
            stage.backend.behave(.accept)
            try await stage.reload(first)
            #expect(await stage.backend.waitUntil { $0.spans.count == 2 }, "\(stage.gateway.output.text)")
            #expect(try await stage.post(3) == 200)
            #expect(await stage.backend.waitUntil { $0.spans.count == 3 }, "\(stage.gateway.output.text)")
            #expect(stage.arrived == [1, 2, 3])
        }
    }

    @Test("a file is not emptied by a reload, whether that succeeds or fails, and whatever becomes of its exporter")
    func file() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/traces.json"
        func lines() throws -> Int {
            try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count
        }
        func configuration(_ options: String?, receivers: String = "") -> Configuration {
            Configuration(
                receivers: receivers,
                receiverIDs: receivers.isEmpty ? [] : ["otlp/2"],
                exporters: options.map { "file: {path: \"\(path)\", \($0)}" } ?? "",
                exporterIDs: options == nil ? [] : ["file"]
            )
        }
        try await ReloadStage.run(configuration("")) { stage in
            let address = stage.other.url.dropFirst("http://".count)
            let taken = "otlp/2: {protocols: {http: {endpoint: \"\(address)\"}}}"
            #expect(try await stage.post(1) == 200)
            #expect(try lines() == 1)
            // Its exporter is made, and fails with the others; the one there was is made anew.
            try await stage.reload(
                configuration("create_directory: true", receivers: taken),
                expecting: ReloadStage.refusal
            )
            #expect(try await stage.post(2) == 200)
            #expect(try lines() == 2)
            try await stage.reload(configuration(nil, receivers: taken), expecting: ReloadStage.refusal)
            #expect(try await stage.post(3) == 200)
            #expect(try lines() == 3)
            try await stage.reload(configuration("create_directory: true"))
            #expect(try await stage.post(4) == 200)
            #expect(try lines() == 4)
        }
    }

    @Test("a file that was moved away before it is renamed for its length: the next one is begun, nothing is refused")
    func moved() async throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/traces.bin"
        let settings = [
            "exporters.file.path=\(path)", "exporters.file.format=proto", "exporters.file.rotation.max_megabytes=1",
            "service.pipelines.traces.exporters=[file]",
        ]
        try await Stage.run([], settings) { stage in
            var span = Fixtures.span(id: 1)
            span.traceState = String(repeating: "x", count: 600_000)
            let body = try Fixtures.request([span])
            try await stage.send(body)
            try FileManager.default.moveItem(atPath: path, toPath: "\(folder.path)/elsewhere")
            try await stage.send(body)
            try await stage.send(body)
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
            #expect(files.count == 3 && files.first == "elsewhere" && files.last == "traces.bin", "\(files)")
            for file in files {
                #expect(
                    try Data(contentsOf: URL(filePath: "\(folder.path)/\(file)")).count == body.count + 4,
                    "\(file)"
                )
            }
        }
    }
}
