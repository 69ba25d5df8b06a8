import FoundationEssentials
import OTLP
import Replay
import Testing

@Suite("steptrace explain")
struct ExplainTests {
    private static let recordings = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/recordings").path

    private func explain(_ arguments: String...) async throws -> (output: String, exit: GatewayLog.Exit?) {
        let process = try await GatewayProcess.start(
            Steptrace.path,
            arguments: ["explain"] + arguments,
            environment: ["LANG": "C"]
        )
        let exit = await process.waitForExit(timeout: .seconds(30))
        return (process.output.text, exit)
    }

    @Test("objects and a recording of them give the same picture")
    func objects() async throws {
        let folder = "\(Self.recordings)/step-fails"
        let recording = try await explain(folder, "--width", "100")
        let files = ["taskruns", "pods", "events"].map { "\(folder)/\($0).json" }
        let objects = try await explain(files[0], files[1], files[2], "--width", "100")
        #expect(recording.exit == .code(0))
        #expect(recording.output.contains("step build"))
        #expect(recording.output.contains("exit code 3"))
        #expect(objects.output == recording.output)
    }

    @Test("JSON is OTLP's: ids in hex, enums as numbers")
    func json() async throws {
        let (output, exit) = try await explain("\(Self.recordings)/success", "-o", "json")
        #expect(exit == .code(0))
        #expect(output.contains("\"traceId\":\"2ce5efee876862ea247dad96d13ff551\""))
        #expect(output.contains("\"parentSpanId\":\"b52e748995766e30\""))
        #expect(output.contains("\"kind\":1"))
    }

    @Test("SVG is a picture of the same spans")
    func svg() async throws {
        let (output, exit) = try await explain("\(Self.recordings)/oom", "-o", "svg")
        #expect(exit == .code(0))
        #expect(output.hasPrefix("<svg "))
        #expect(output.contains("step build"))
    }

    @Test("the pictures in the documents are of today", arguments: ["success", "step-fails"])
    func pictures(recording: String) async throws {
        let picture = URL(filePath: Self.recordings).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/images/\(recording).svg")
        let (output, _) = try await explain("\(Self.recordings)/\(recording)", "-o", "svg")
        #expect(
            try String(contentsOf: picture, encoding: .utf8).split(separator: "\n") == output.split(separator: "\n")
        )
    }

    @Test("what is missing is said")
    func notes() async throws {
        let (output, exit) = try await explain("\(Self.recordings)/success/taskruns.json")
        #expect(exit == .code(0))
        #expect(output.contains("the pod of attempt 1, success-1-pod, is not among the objects"))
    }

    @Test("what cannot be read is an error that names it")
    func rubbish() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "steptrace-explain-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let cases = [
            ("broken.yaml", "kind: [", "broken.yaml"), ("nokind.yaml", "a: 1", "it has no kind"),
            ("other.yaml", "kind: Secret\nmetadata: {name: x}", "there is no TaskRun"),
            (
                "bad.yaml", "kind: TaskRun\nmetadata: {name: x, creationTimestamp: yesterday}",
                "TaskRun x cannot be read"
            ),
        ]
        for (name, text, expected) in cases {
            let file = folder.appending(path: name)
            try Data(text.utf8).write(to: file)
            let (output, exit) = try await explain(file.path)
            #expect(exit == .code(1), "\(name)")
            #expect(output.contains(expected), "\(name): \(output)")
        }
        let (output, exit) = try await explain("\(folder.path)/none")
        #expect(exit == .code(1))
        #expect(output.contains("no such file or folder"))
    }
}
