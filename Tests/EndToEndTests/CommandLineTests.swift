import Glibc
import Replay
import Testing

@Suite("Command line and configuration")
struct CommandLineTests {
    private static let good = """
        receivers:
          otlp:
            protocols:
              http:
                endpoint: 127.0.0.1:0
        exporters:
          debug:
        service:
          pipelines:
            traces:
              receivers: [otlp]
              exporters: [debug]
          telemetry: {metrics: {level: none}}

        """

    struct Bad: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let content: [UInt8]
        /// What follows the file's path.
        let messages: [String]

        init(_ description: String, replacing old: String, with new: String, _ messages: String...) {
            testDescription = description
            content = Array(CommandLineTests.good.replacing(old, with: new).utf8)
            self.messages = messages
        }

        init(_ description: String, _ content: [UInt8], _ messages: String...) {
            testDescription = description
            self.content = content
            self.messages = messages
        }
    }

    static let bad: [Bad] = [
        Bad("bad YAML", Array("receivers:\n  otlp: [\n".utf8), ":3:1: invalid YAML: "),
        Bad("not text", [0xFF, 0x00, 0xC3], ": is not UTF-8 text"),
        Bad("empty", [], ":1:1: service::pipelines: service must have at least one pipeline"),
        Bad(
            "unknown component",
            replacing: "  debug:",
            with: "  debgu:",
            ":7:3: exporters::debgu: unknown type: \"debgu\" for id: \"debgu\" "
                + "(valid values: [debug file otlp_grpc otlp_http], did you mean \"debug\"?)"
        ),
        Bad(
            "unknown key",
            replacing: "endpoint:",
            with: "endpiont:",
            ":5:9: receivers::otlp::protocols::http: has invalid keys: endpiont (did you mean \"endpoint\"?)"
        ),
        Bad(
            "missing reference",
            replacing: "[debug]",
            with: "[debug, otlp_http]",
            ":12:26: service::pipelines::traces: references exporter \"otlp_http\" which is not configured"
        ),
        Bad(
            "several mistakes at once",
            replacing: "  debug:\n",
            with: "  debug:\n    verbosity: loud\n  otlp_http:\n    endpoint: nowhere\n",
            ":8:16: exporters::debug::verbosity: ",
            "exporters::otlp_http: endpoint must be a valid URL, not \"nowhere\""
        ),
        Bad(
            "several mistakes in one component",
            replacing: "  debug:\n",
            with: "  debug:\n  otlp_http:\n    endpiont: x\n    timeout: 5\n    sending_queue: {queue_size: many}\n",
            ":8:3: exporters::otlp_http: at least one endpoint must be specified",
            ":9:5: exporters::otlp_http: has invalid keys: endpiont (did you mean \"endpoint\"?)",
            ":10:14: exporters::otlp_http::timeout: expected a duration",
            ":11:33: exporters::otlp_http::sending_queue::queue_size: expected a whole number, got \"many\""
        ),
    ]

    @Test("what is wrong with a file is told with path and line, and nothing is started", arguments: bad)
    func badConfiguration(bad: Bad) async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("gateway.yaml", bad.content)
        for arguments in [["--config", file], ["run", "--config", file], ["validate", "--config", file]] {
            let gateway = try await GatewayProcess.start(Steptrace.path, arguments: arguments)
            #expect(await gateway.waitForExit() == .code(1))
            let output = gateway.output
            for message in bad.messages {
                let text = message.hasPrefix(":") ? file + message : message
                #expect(output.contains(text), "\(output.text)")
            }
            #expect(!output.contains("Starting"))
        }
    }

    @Test("a file that cannot be read, a missing variable and a bad --set are told")
    func unreadable() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("gateway.yaml", Self.good)
        let cases: [([String], String)] = [
            (["--config", "\(folder.path)/none.yaml"], "\(folder.path)/none.yaml: cannot read the file: no such file"),
            (["--config", folder.path], "\(folder.path): cannot read the file: is a directory"),
            (["--config", file, "--set", "exporters.debug.foo=1"], "exporters::debug: has invalid keys: foo"),
            (["--config", "env:STEPTRACE_TEST_NOT_SET"], "STEPTRACE_TEST_NOT_SET"),
            (["--config", ""], "--config is empty: give the path of a file"),
        ]
        for (arguments, message) in cases {
            let gateway = try await GatewayProcess.start(Steptrace.path, arguments: arguments)
            #expect(await gateway.waitForExit() == .code(1))
            #expect(gateway.output.contains(message), "\(gateway.output.text)")
        }
    }

    @Test("a configuration may come by a pipe; it is read once, and a reload that finds nothing there changes nothing")
    func pipes() async throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("gateway.yaml", Self.good)
        let program = Steptrace.path
        for command in [#"cat "$1" | "$0" validate --config /dev/stdin"#, #""$0" validate --config <(cat "$1")"#] {
            let validate = try await Peers.system(["bash", "-c", command, program, file])
            #expect(await validate.waitForExit() == .code(0), "\(validate.output.text)")
        }
        let empty = try await Steptrace.start("validate", "--config", "/dev/null")
        #expect(await empty.waitForExit() == .code(1))
        #expect(empty.output.contains("service must have at least one pipeline"), "\(empty.output.text)")

        let gateway = try await Peers.system(["bash", "-c", #"exec "$0" --config <(cat "$1")"#, program, file])
        try await gateway.waitUntilReady()
        gateway.send(signal: SIGHUP)
        #expect(await gateway.waitUntil { $0.contains("The configuration stays as it was.") }, "\(gateway.output.text)")
        #expect(await gateway.stop() == .code(0), "\(gateway.output.text)")
    }

    @Test("without a configuration, with an unknown command or option: usage and exit code 64")
    func usage() async throws {
        let cases: [([String], String)] = [
            ([], "at least one config flag must be provided"),
            (["validate"], "at least one config flag must be provided"),
            (["nonsense"], "nonsense"),
            (["--confg", "x"], "--confg"),
            (["validate", "--config", "x", "--feature-gates=+a.b"], "feature gate \"a.b\" is unregistered"),
        ]
        for (arguments, message) in cases {
            let gateway = try await GatewayProcess.start(Steptrace.path, arguments: arguments)
            #expect(await gateway.waitForExit() == .code(64))
            #expect(gateway.output.contains(message), "\(gateway.output.text)")
        }
    }

    @Test("a port in use: run ends with a message that names it, validate does not care")
    func portInUse() async throws {
        let backend = RecordingBackend()
        try await backend.start()
        let address = String(backend.url.dropFirst("http://".count))
        let folder = try TemporaryFolder()
        let file = try folder.write("gateway.yaml", Self.good.replacing("127.0.0.1:0", with: address))
        let gateway = try await Steptrace.start("--config", file)
        #expect(await gateway.waitForExit() == .code(1))
        #expect(gateway.output.contains(address), "\(gateway.output.text)")
        #expect(gateway.output.contains("ddress already in use"), "\(gateway.output.text)")
        #expect(gateway.output.contains("receivers::otlp::protocols::http::endpoint"), "\(gateway.output.text)")
        #expect(!gateway.output.isReady)
        let validate = try await Steptrace.start("validate", "--config", file)
        #expect(await validate.waitForExit() == .code(0))
        #expect(validate.output.text.isEmpty)
        await backend.stop()
    }

    @Test("validate finds what only building finds, starts nothing, and needs no cluster")
    func validateBuilds() async throws {
        let folder = try TemporaryFolder()
        let exporter = "  debug:\n  otlp_grpc: {endpoint: 127.0.0.1:1, tls: {insecure: true}}\n"
        let whole = Self.good.replacing("  debug:\n", with: exporter + "processors:\n  tekton_steps:\n")
            .replacing("exporters: [debug]", with: "processors: [tekton_steps]\n      exporters: [otlp_grpc]")
        let good = try folder.write("good.yaml", whole)
        let validate = try await Steptrace.start("validate", "--config", good)
        #expect(await validate.waitForExit() == .code(0), "\(validate.output.text)")
        let bad = try await Steptrace.start(
            "validate",
            "--config",
            good,
            "--set",
            "receivers.otlp.protocols.http.auth.authenticator=basicauth",
            "--set",
            "receivers.otlp.protocols.http.tls={cert_file: /no/such, key_file: /no/such}"
        )
        #expect(await bad.waitForExit() == .code(1))
        #expect(bad.output.contains("cannot create receiver:otlp: "), "\(bad.output.text)")
    }

    @Test("print-config prints what was merged, without secrets unless told so")
    func printConfig() async throws {
        let folder = try TemporaryFolder()
        let exporter = "  otlp_http: {endpoint: http://x, headers: {Authorization: \"Bearer ${env:TOKEN}\"}}\n"
        let file = try folder.write("gateway.yaml", Self.good.replacing("  debug:\n", with: "  debug:\n" + exporter))
        func output(_ arguments: String...) async throws -> String {
            let process = try await GatewayProcess.start(
                Steptrace.path,
                arguments: arguments,
                environment: ["TOKEN": "s3cret"]
            )
            #expect(await process.waitForExit() == .code(0))
            return process.output.text
        }
        let redacted = try await output(
            "print-config",
            "--config",
            file,
            "--set",
            "service.telemetry.logs.level=debug",
        )
        #expect(redacted.contains("            Authorization: '[REDACTED]'\n"), "\(redacted)")
        #expect(redacted.contains("            level: debug\n"), "\(redacted)")
        #expect(!redacted.contains("s3cret"))
        let open = try await output("print-initial-config", "--mode", "unredacted", "--format=json", "--config", file)
        #expect(open.contains("\"Authorization\": \"Bearer s3cret\""), "\(open)")
        let invalid = try await output("print-config", "--validate=false", "--config", "yaml:exporters: {x: {y: 1}}")
        #expect(invalid.contains("y: '[REDACTED]'"), "\(invalid)")
        let refused = try await Steptrace.start("print-config", "--config", "yaml:exporters: {x: {y: 1}}")
        #expect(await refused.waitForExit() == .code(1))
        #expect(refused.output.contains("unknown type: \"x\""), "\(refused.output.text)")
    }

    @Test("--version, --help and components answer on their own")
    func information() async throws {
        let cases: [([String], [String])] = [
            (["--version"], ["steptrace version "]),
            (["--help"], ["validate", "components", "demo"]),
            (["help", "run"], ["--config", "--set"]),
            (
                ["components"],
                ["- name: otlp", "- name: tekton_steps", "- name: otlp_http", "- name: health_check", "scheme: env"]
            ),
        ]
        for (arguments, texts) in cases {
            let process = try await GatewayProcess.start(Steptrace.path, arguments: arguments)
            #expect(await process.waitForExit() == .code(0))
            for text in texts { #expect(process.output.contains(text), "\(process.output.text)") }
        }
    }

    @Test("a file with variables, and another file and a value laid over it, start the gateway")
    func layers() async throws {
        let folder = try TemporaryFolder()
        let base = try folder.write("base.yaml", Self.good.replacing("127.0.0.1:0", with: "${env:HOST:-::1}:0"))
        let over = try folder.write("over.yaml", "exporters:\n  debug:\n    verbosity: basic\n")
        let gateway = try await Steptrace.start(
            "--config",
            base,
            "--config",
            over,
            "--set",
            "service.telemetry.logs.level=debug",
            environment: ["HOST": "127.0.0.1"]
        )
        try await gateway.waitUntilReady()
        #expect(gateway.endpoint(of: "otlp")?.hasPrefix("127.0.0.1:") == true)
        #expect(await gateway.stop() == .code(0))
    }
}
