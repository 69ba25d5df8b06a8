import Collector
import OTLPGRPC
import Testing

@testable import Components

@Suite struct OTLPGRPCExporterConfigurationTests {
    private func read(_ endpoint: String, _ tls: [(key: String, text: String)] = []) throws
        -> OTLPGRPCExporterConfiguration
    {
        func string(_ text: String) -> ConfigNode { ConfigNode(.string(text), text: text) }
        let flags = ["true": ConfigNode(.bool(true), text: "true")]
        let options = ConfigNode(.map(tls.map { (key: $0.key, node: flags[$0.text] ?? string($0.text)) }))
        return try configuration(
            OTLPGRPCExporterConfiguration.self,
            ConfigNode(.map([("endpoint", string(endpoint)), ("tls", options)]))
        )
    }

    @Test(arguments: [
        ("jaeger:4317", false, true), ("jaeger:4317", true, false), ("dns:///jaeger:4317", false, true),
        ("http://jaeger:4317", false, false), ("https://jaeger:4317", true, true),
    ])
    func tlsIsTheDefaultAndASchemeWins(endpoint: String, insecure: Bool, usesTLS: Bool) throws {
        let configuration = try read(endpoint, insecure ? [("insecure", "true")] : [])
        #expect(configuration.usesTLS == usesTLS)
        #expect((configuration.client.tls != nil) == usesTLS)
    }

    @Test func aNameToVerifyIsTheAuthority() throws {
        #expect(try read("jaeger:4317").client.authority == nil)
        #expect(try read("10.0.0.1:4317", [("server_name_override", "jaeger.test")]).client.authority == "jaeger.test")
        // An address is verified as the one that is connected to, and never asked for.
        #expect(try read("10.0.0.1:4317", [("server_name_override", "10.0.0.1")]).client.authority == nil)
        let unverified = [("server_name_override", "10.0.0.1"), ("insecure_skip_verify", "true")]
        #expect(try read("jaeger:4317", unverified).client.authority == nil)
    }

    @Test func anAddressThatCannotBeVerifiedIsAnError() {
        let error = #expect(throws: ConfigError.self) {
            try read("jaeger:4317", [("server_name_override", "10.0.0.1")])
        }
        #expect(error?.message.hasPrefix("tls::server_name_override: the address 10.0.0.1 cannot be verified") == true)
    }

    @Test func aVersionThatTheLibraryCannotBeHeldToIsAnError() throws {
        for (key, version) in [("min_version", "1.3"), ("max_version", "1.2")] {
            let error = #expect(throws: ConfigError.self) { try read("jaeger:4317", [(key, version)]) }
            #expect(error?.message.hasPrefix("tls::\(key): gRPC's TLS cannot be held to \(version)") == true)
            #expect(try !read("jaeger:4317", [(key, version), ("insecure", "true")]).usesTLS)
        }
        #expect(try read("jaeger:4317", [("min_version", "1.2"), ("max_version", "1.3")]).usesTLS)
    }
}
