import Collector
import Components
import FoundationEssentials
import Testing

/// Whatever the documents and `deploy/` show as a configuration is one.
@Suite struct DocumentedConfigurationTests {
    /// Parts of a configuration are laid over this one.
    private static let base = """
        yaml:
        receivers: {otlp: {protocols: {http: }}}
        processors: {tekton_steps: }
        exporters: {otlp_http: {endpoint: "http://jaeger:4318"}}
        service: {pipelines: {traces: {receivers: [otlp], processors: [tekton_steps], exporters: [otlp_http]}}}
        """

    @Test func thereAreExamples() throws {
        let files = Set(try ConfigurationExample.all().map(\.file))
        for file in ["README.md", "docs/configuration.md", "deploy/config.yaml", "deploy/kubernetes.yaml"] {
            #expect(files.contains(file), "\(file)")
        }
    }

    @Test(arguments: try ConfigurationExample.all())
    func exampleIsValid(example: ConfigurationExample) throws {
        let sources = ConfigSources(environment: [:]) { path throws(ConfigError) in
            throw ConfigError(path: "", position: path, message: "an example needs no file")
        }
        let (_, warnings) = try CollectorConfiguration.load(
            configs: (example.isWhole ? [] : [Self.base]) + ["yaml:" + example.text],
            sets: [],
            sources: sources,
            factories: ComponentRegistry.factories
        )
        #expect(warnings.isEmpty || !example.isWhole)
    }
}

/// A configuration, or a part of one, in a document or manifest.
struct ConfigurationExample: Sendable, CustomTestStringConvertible {
    let file: String
    let line: Int
    let text: String

    var testDescription: String { "\(file):\(line)" }

    var isWhole: Bool { text.split(separator: "\n").contains { $0.hasPrefix("receivers:") } }

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
        let manifests = try files(in: "deploy", ".yaml").flatMap { file in
            let lines = try lines(file)
            guard lines.contains(where: { $0.hasPrefix("apiVersion:") }) else {
                return [ConfigurationExample(file: file, line: 1, text: lines.joined(separator: "\n"))]
            }
            return blocks(lines, file: file) {
                $0 == "  config.yaml: |"
            } end: {
                !$0.hasPrefix("    ")
            }
        }
        return (documents + manifests).filter { !$0.text.hasPrefix("apiVersion:") }
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
