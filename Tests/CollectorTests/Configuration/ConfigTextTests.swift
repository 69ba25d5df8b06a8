import Testing

@testable import Collector

@Suite struct ConfigTextTests {
    struct Secretive: ComponentConfiguration {
        init(from map: inout ConfigMap) throws(ConfigError) {}

        static let options = [
            ConfigOption("endpoint", "URL", default: "", example: "http://x", "Where."),
            ConfigOption("auth.token", "string", default: "", example: "x", secret: true, "A token."),
            ConfigOption("auth.user", "string", default: "", example: "x", "A user."),
            ConfigOption("headers", "map", default: "{}", example: "{}", secret: true, "Headers."),
        ]
    }

    static let factories = [
        ComponentFactory(
            type: "out",
            aliases: ["output"],
            stability: "beta",
            configuration: Secretive.self,
            make: .exporter { _, _ in throw TestFailure(description: "never made") }
        )
    ]

    func text(_ yaml: String, _ format: ConfigText.Format = .yaml, isRedacted: Bool = true) throws -> String {
        let config = LoadedConfig(root: try YAMLText.parse(yaml, source: "c.yaml"), warnings: [])
        return try ConfigText(config, hidingSecretsOf: isRedacted ? Self.factories : nil).text(format)
    }

    static let secretive = """
        exporters:
          output/a:
            endpoint: https://me:pass@host/path
            auth: {token: t0, user: me, tokn: t1}
            headers: {a: h0, b: [h1, 5]}
            empty:
          output/b: {endpoint: "https://t4@host/"}
          other: {x: t2}
        service:
          telemetry: {x: http://a:p2@b}
        connectors: {x: t3}
        """

    @Test func secretsAndWhatNobodyKnowsAreHidden() throws {
        #expect(
            try text(Self.secretive) == """
                exporters:
                    output/a:
                        endpoint: https://me:[REDACTED]@host/path
                        auth:
                            token: '[REDACTED]'
                            user: me
                            tokn: '[REDACTED]'
                        headers:
                            a: '[REDACTED]'
                            b:
                            - '[REDACTED]'
                            - '[REDACTED]'
                        empty: null
                    output/b:
                        endpoint: https://[REDACTED]@host/
                    other:
                        x: '[REDACTED]'
                service:
                    telemetry:
                        x: http://a:[REDACTED]@b
                connectors:
                    x: '[REDACTED]'

                """
        )
    }

    @Test(arguments: ConfigText.Format.allCases)
    func whatIsPrintedIsTheSameConfiguration(format: ConfigText.Format) throws {
        let yaml = """
            a: {n: 0x1F, f: 1e3, b: true, z: , s: "true", d: "0123", e: "", m: "a\\nb\\n", q: "it's \\"#1\\": x", l: [], o: {}}
            "true": [~, -5, .inf, "\\u00e4\\t"]
            """
        let printed = try text(yaml, format, isRedacted: false)
        func values(_ text: String) throws -> String {
            func plain(_ node: ConfigNode) -> String {
                switch node.value {
                case .list(let elements): "[\(elements.map(plain).joined(separator: ", "))]"
                case .map(let entries): "{\(entries.map { "\($0.key): \(plain($0.node))" }.joined(separator: ", "))}"
                // JSON has no infinity.
                case .double(let double) where !double.isFinite: "inf"
                case .string(".inf"): "inf"
                default: "\(node.value)"
                }
            }
            return plain(try YAMLText.parse(text, source: "c.yaml"))
        }
        #expect(try values(printed) == values(yaml), "\(printed)")
    }

    @Test func jsonIsIndentedAndKeepsTheOrder() throws {
        #expect(
            try text("{b: 1, a: [x], e: []}", .json, isRedacted: false) == """
                {
                  "b": 1,
                  "a": [
                    "x"
                  ],
                  "e": []
                }

                """
        )
    }
}
