import Testing

@testable import Collector

@Suite struct CollectorConfigurationTests {
    func read(_ text: String) throws(ConfigErrors) -> CollectorConfiguration {
        try CollectorConfiguration.load(
            configs: ["yaml:\(text)"],
            sets: [],
            sources: ConfigSources(environment: [:]) { _ throws(ConfigError) in "" },
            factories: TestComponent.factories(Journal())
        ).configuration
    }

    func errors(_ text: String) -> [String] {
        do {
            _ = try read(text)
            return []
        } catch {
            return error.errors.map(\.description)
        }
    }

    static let minimal =
        "{receivers: {in: }, exporters: {out: }, service: {pipelines: {traces: {receivers: [in], exporters: [out]}}}}"

    @Test func aWholeConfigurationIsRead() throws {
        let configuration = try read(
            """
            receivers:
              in/1: {limits: {size: 7}}
            processors: {pass: , pass/2: }
            exporters: {out: }
            extensions: {health: }
            service:
              extensions: [health]
              shutdown_timeout: 3s
              telemetry: {logs: {level: debug, encoding: json}}
              pipelines:
                traces:
                  receivers: [in/1]
                  processors: [pass/2, pass]
                  exporters: [out]
                traces/b:
                  receivers: [in/1]
                  exporters: [out]
            """
        )
        let service = configuration.service
        #expect(service.extensions == [ComponentID(type: "health")])
        #expect(service.pipelines.map(\.id.description) == ["traces", "traces/b"])
        #expect(service.pipelines[0].processors.map(\.description) == ["pass/2", "pass"])
        #expect(service.logs == LogsConfiguration(level: .debug, encoding: .json))
        #expect(service.shutdownTimeout == .seconds(3))
        let receiver = configuration.component(.receiver, ComponentID(type: "in", name: "1"))
        #expect((receiver?.configuration as? TestConfiguration)?.size == 7)
        #expect(configuration.warnings.isEmpty)
    }

    @Test func defaultsOfTheService() throws {
        let service = try read(Self.minimal).service
        #expect(service.logs == LogsConfiguration(level: .info, encoding: .console))
        #expect(service.shutdownTimeout == .seconds(10))
        #expect(service.extensions == [])
    }

    @Test func levelsMayBeInCapitalsAndListsAStringWithCommas() throws {
        let service = try read(
            """
            receivers: {in: }
            exporters: {out: , out/b: }
            extensions: {health: , health/b: }
            service:
              extensions: health,health/b
              pipelines: {traces: {receivers: in, exporters: "out,out/b"}}
              telemetry:
                logs:
                  level: WARN
                  initial_fields: {cluster: a}
                  output_paths: stderr
                  disable_caller: true
                metrics: {level: Detailed}
            """
        ).service
        #expect(service.extensions.map(\.description) == ["health", "health/b"])
        #expect(service.pipelines[0].receivers.map(\.description) == ["in"])
        #expect(service.pipelines[0].exporters.map(\.description) == ["out", "out/b"])
        #expect(service.logs.level == .warn && service.logs.initialFields == ["cluster": "a"])
        #expect(service.metrics.level == .detailed)
    }

    @Test func everythingThatIsWrongIsReportedAtOnce() {
        let errors = errors(
            """
            receivers:
              in: {limits: {siez: 1}}
              otlp:
            exporters:
              out: {failure: 5}
            connectors: {x: }
            foo: 1
            service:
              extensions: [health]
              pipelines:
                traces:
                  receivers: [inn, in]
                  processors: [pass]
                metrics:
                spans:
              telemetry: {profiles: }
              shutdown_timeout: soon
            """
        )
        #expect(
            errors == [
                "yaml:2:17: receivers::in::limits: has invalid keys: siez (did you mean \"size\"?)",
                "yaml:3:3: receivers::otlp: unknown type: \"otlp\" for id: \"otlp\" (valid values: [in])",
                "yaml:5:18: exporters::out::failure: expected one of none, create, run, end, hang, silent, got 5",
                "yaml:6:13: connectors: connectors are not supported",
                "yaml:7:1: has invalid keys: foo",
                "yaml:9:16: service::extensions: references extension \"health\" which is not configured",
                "yaml:12:19: service::pipelines::traces: references receiver \"inn\" which is not configured"
                    + " (did you mean \"in\"?)",
                "yaml:13:20: service::pipelines::traces: references processor \"pass\" which is not configured",
                "yaml:11:5: service::pipelines::traces: must have at least one exporter",
                "yaml:14:5: service::pipelines::metrics: pipeline type \"metrics\" is not supported, only traces",
                "yaml:15:5: service::pipelines::spans: unknown pipeline type \"spans\", expected traces",
                "yaml:16:15: service::telemetry: has invalid keys: profiles",
                "yaml:17:21: service::shutdown_timeout: expected a duration such as 300ms, 5s or 1m30s, got \"soon\"",
            ]
        )
    }

    @Test func allErrorsOfAComponentAreTold() {
        let text = """
            receivers: {in: {failure: 5, limits: {size: many, sise: 1}, foo: 1}, in/2: {limits: 1}}
            exporters: {out: {failure: "${1}"}}
            service: {pipelines: {traces: {receivers: [in], exporters: [out]}}, telemetry: {logs: {level: 1, encoding: 2}}}
            """
        #expect(
            errors(text) == [
                "yaml:2:28: exporters::out::failure: environment variable \"1\" has invalid name: must match regex "
                    + "^[a-zA-Z_][a-zA-Z0-9_]*$ (write \"$$\" for a \"$\" of the value's own)",
                "yaml:1:27: receivers::in::failure: expected one of none, create, run, end, hang, silent, got 5",
                "yaml:1:45: receivers::in::limits::size: expected a whole number, got \"many\"",
                "yaml:1:51: receivers::in::limits: has invalid keys: sise (did you mean \"size\"?)",
                "yaml:1:61: receivers::in: has invalid keys: foo",
                "yaml:1:85: receivers::in/2::limits: expected a map, got 1",
                "yaml:3:95: service::telemetry::logs::level: expected one of debug, info, warn, error, dpanic, panic, fatal, got 1",
                "yaml:3:108: service::telemetry::logs::encoding: expected one of console, json, got 2",
            ]
        )
    }

    @Test func anEmptyConfigurationHasNoPipeline() {
        #expect(errors("") == ["yaml:1:1: service::pipelines: service must have at least one pipeline"])
        #expect(errors("{receivers: 5}").first == "yaml:1:13: receivers: expected a map, got 5")
    }

    @Test func aComponentMayStandOnlyOnceInAPipeline() {
        let text = """
            {receivers: {in: }, processors: {pass: }, exporters: {out: }, service: {pipelines: {traces:
              {receivers: [in], processors: [pass, pass], exporters: [out]}}}}
            """
        #expect(
            errors(text) == ["yaml:2:40: service::pipelines::traces: references processor \"pass\" multiple times"]
        )
    }

    @Test(arguments: [
        ("1x", "invalid type \"1x\""), ("a-b", "invalid type \"a-b\""), ("in/", "the part after / should not be empty"),
        ("/x", "invalid type \"\""), ("in/a b", "must not contain white space"), ("_in", "invalid type \"_in\""),
    ])
    func badIdsAreErrors(id: String, message: String) {
        let errors = errors("receivers: {\"\(id)\": }")
        #expect(errors.first?.hasPrefix("yaml:1:13: receivers::\(id): in \"\(id)\" id: ") == true)
        #expect(errors.first?.contains(message) == true)
    }

    @Test func deprecatedNamesAndUnusedComponentsAreWarnedOf() throws {
        let configuration = try read(
            """
            receivers: {in: , in/2: }
            exporters: {output/a: }
            extensions: {health: }
            service: {pipelines: {traces: {receivers: [in], exporters: [output/a]}}}
            """
        )
        #expect(
            configuration.warnings.map(\.description) == [
                "yaml:2:13: exporters::output/a: type \"output\" is deprecated, use \"out\"",
                "yaml:1:19: receivers::in/2: receiver \"in/2\" is configured but not used in any pipeline",
                "yaml:3:14: extensions::health: extension \"health\" is configured but not used in service::extensions",
            ]
        )
    }

    @Test func optionsAreRenderedAsMarkdown() {
        let factories = TestComponent.factories(Journal()).filter { $0.type == "out" }
        #expect(
            ConfigurationReference.markdown(factories) == """
                ### `out` exporter

                Stability: beta. Deprecated names: `output`.

                | Option | Type | Default | Example | |
                |---|---|---|---|---|
                | `failure` | none \\| create \\| run \\| end \\| hang | `none` | `run` | How it fails. |
                | `limits.size` | int | `5` | `6` | A limit. |

                """
        )
    }

    @Test func componentsAreListedInTheCollectorsShape() throws {
        let yaml = ComponentInventory.yaml(TestComponent.factories(Journal()).filter { $0.kind != .processor })
        var root = try ConfigMap(YAMLText.parse(yaml, source: "components"))
        var build = try root.map("buildinfo")
        #expect(try build.string("version", default: "") == BuildInfo.version)
        #expect(try root.nodes("processors").isEmpty)
        let receivers = try root.nodes("receivers")
        var receiver = try ConfigMap(try #require(receivers.first))
        #expect(try receiver.string("name", default: "") == "in")
        #expect(try receiver.stringMap("stability") == ["traces": "Beta"])
        #expect(try receiver.string("module", default: "") == "steptrace v\(BuildInfo.version)")
        let schemes = try root.nodes("providers").map { node in
            var provider = try ConfigMap(node)
            return try provider.string("scheme", default: "")
        }
        #expect(schemes == ["env", "file", "yaml"])
    }
}
