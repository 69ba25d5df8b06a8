import Collector
import Testing

@testable import Components

@Suite struct OTLPReceiverConfigurationTests {
    func node(_ http: ConfigNode?, grpc: Bool = false) -> ConfigNode {
        var protocols: [(key: String, node: ConfigNode)] = []
        if grpc { protocols.append(("grpc", ConfigNode(.null))) }
        if let http { protocols.append(("http", http)) }
        return ConfigNode(.map([("protocols", ConfigNode(.map(protocols), path: "protocols"))]))
    }

    func string(_ text: String) -> ConfigNode { ConfigNode(.string(text), text: text) }

    @Test func nullMeansTheDefaults() throws {
        let read = try configuration(OTLPReceiverConfiguration.self, node(ConfigNode(.null)))
        #expect(read == OTLPReceiverConfiguration())
        #expect(read.http?.server.endpoint.description == "localhost:4318")
        #expect(read.http?.additionalTracesURLPaths == ["/api/traces"])
        #expect(read.http?.server.maxRequestBodySize == 20_971_520)
    }

    @Test func pathsGetALeadingSlash() throws {
        let http = ConfigNode(
            .map([
                ("traces_url_path", string("spans")),
                ("additional_traces_url_paths", ConfigNode(.list([string("a"), string("/b")]))),
            ])
        )
        let read = try configuration(OTLPReceiverConfiguration.self, node(http))
        #expect(read.http?.tracesURLPath == "/spans")
        #expect(read.http?.additionalTracesURLPaths == ["/a", "/b"])
    }

    @Test func grpcAloneServesNoHTTP() throws {
        let read = try configuration(OTLPReceiverConfiguration.self, node(nil, grpc: true))
        #expect(read.http == nil)
        #expect(read.grpc == OTLPGRPCReceiverConfiguration())
        #expect(read.grpc?.endpoint.description == "localhost:4317")
        #expect(read.grpc?.maxReceivedMessageSize == 4 << 20)
    }

    @Test func noProtocolAndUnknownKeysAreErrors() {
        #expect(throws: ConfigError.self) { try configuration(OTLPReceiverConfiguration.self) }
        let unknown = #expect(throws: ConfigError.self) {
            let http = ConfigNode(.map([("endpont", string("x:1"))]))
            _ = try configuration(OTLPReceiverConfiguration.self, node(http))
        }
        #expect(unknown?.message.contains("did you mean \"endpoint\"") == true)
    }
}
