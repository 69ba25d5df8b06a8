import Collector
import Components
import FoundationEssentials
import Logging
import NIOPosix
import Testing

/// Whatever the documents and `deploy/` show as a configuration is one.
@Suite struct DocumentedConfigurationTests {
    /// Parts of a configuration are laid over this one.
    private static let base = """
        yaml:
        receivers: {otlp: {protocols: {http: }}}
        processors: {tekton_steps: }
        exporters: {otlp_http: {endpoint: "http://jaeger:4318"}}
        extensions: {health_check: }
        service: {pipelines: {traces: {receivers: [otlp], processors: [tekton_steps], exporters: [otlp_http]}}}
        """

    @Test func thereAreExamples() throws {
        let files = Set(try ConfigurationExample.all().map(\.file))
        let some = [
            "README.md", "docs/configuration.md", "docs/install.md", "deploy/config.yaml", "deploy/base/config.yaml",
            "deploy/components/tls/tls.yaml", "deploy/components/persistent-queue/persistent-queue.yaml",
        ]
        for file in some { #expect(files.contains(file), "\(file)") }
    }

    @Test(arguments: try ConfigurationExample.all())
    func exampleIsValid(example: ConfigurationExample) throws {
        let (_, warnings) = try load(example)
        #expect(warnings.isEmpty || !example.isWhole)
    }

    @Test(arguments: try ConfigurationExample.all().filter(\.storesQueues))
    func exampleStoresTheQueueInItsDirectory(example: ConfigurationExample) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "queue-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "file")
        try Data().write(to: file)
        func build(directory: String) throws {
            let (configuration, _) = try load(example, sets: ["extensions.file_storage.directory=\(directory)"])
            _ = try CollectorService(
                configuration,
                eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
                makeLogger: { Logger(label: $0) { _ in SwiftLogNoOpLogHandler() } }
            )
        }
        try build(directory: folder.appending(path: "queue").path)
        // Where there can be no directory, the exporter says so: it has been given one.
        let failures = #expect(throws: ComponentFailures.self) { try build(directory: file.path) }
        #expect(failures?.failures.map(\.component) == ["exporter:otlp_http"])
    }

    private func load(
        _ example: ConfigurationExample,
        sets: [String] = []
    ) throws -> (CollectorConfiguration, warnings: [ConfigError]) {
        let environment = ["STEPTRACE_BACKEND": "http://jaeger:4318"]
        let sources = ConfigSources(environment: environment) { path throws(ConfigError) in
            throw ConfigError(path: "", position: path, message: "an example needs no file")
        }
        return try CollectorConfiguration.load(
            configs: (example.isWhole ? [] : [Self.base]) + ["yaml:" + example.text],
            sets: sets,
            sources: sources,
            factories: ComponentRegistry.factories
        )
    }
}

/// A configuration, or a part of one, in a document or manifest.
struct ConfigurationExample: Sendable, CustomTestStringConvertible {
    let file: String
    let line: Int
    let text: String

    var testDescription: String { "\(file):\(line)" }

    var isWhole: Bool {
        let lines = text.split(separator: "\n")
        return lines.contains { $0.hasPrefix("receivers:") } && lines.contains { $0.hasPrefix("  pipelines:") }
    }

    var storesQueues: Bool { text.contains("storage: file_storage") }

    private var isConfiguration: Bool {
        text.split(separator: "\n").contains { line in
            ["receivers:", "processors:", "exporters:", "extensions:", "service:"].contains { line.hasPrefix($0) }
        }
    }

    static func all() throws -> [ConfigurationExample] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        func files(in directory: String, _ suffix: String) throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: root.appending(path: directory).path)
                .filter { $0.hasSuffix(suffix) }.sorted().map { "\(directory)/\($0)" }
        }
        func lines(_ file: String) throws -> [String] {
            String(decoding: try Data(contentsOf: root.appending(path: file)), as: UTF8.self)
                .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        }
        let documents = try (["README.md"] + files(in: "docs", ".md")).flatMap { file in
            blocks(try lines(file), file: file) {
                $0 == "```yaml"
            } end: {
                $0 == "```"
            }
        }
        // Overlays put several together; deploy/tests checks them as kustomize makes them.
        let folders =
            ["deploy", "deploy/base"]
            + (try FileManager.default.contentsOfDirectory(atPath: root.appending(path: "deploy/components").path))
            .sorted().map { "deploy/components/\($0)" }
        let deployed = try folders.flatMap { try files(in: $0, ".yaml") }
            .map { ConfigurationExample(file: $0, line: 1, text: try lines($0).joined(separator: "\n")) }
            .filter(\.isConfiguration)
        return (documents + deployed).filter { !$0.text.hasPrefix("apiVersion:") }
    }

    /// The lines between those that `begin` and `end` know, without the indentation of the first.
    private static func blocks(
        _ lines: [String],
        file: String,
        begin: (String) -> Bool,
        end: (String) -> Bool
    ) -> [ConfigurationExample] {
        lines.indices.filter { begin(lines[$0]) }.map { start in
            let block = lines[(start + 1)...].prefix { !end($0) }
            let indentation = block.first?.prefix { $0 == " " }.count ?? 0
            let text = block.map { $0.dropFirst(indentation) }.joined(separator: "\n")
            return ConfigurationExample(file: file, line: start + 2, text: text)
        }
    }
}
