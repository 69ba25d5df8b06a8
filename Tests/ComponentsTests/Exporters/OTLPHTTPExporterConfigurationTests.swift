import Collector
import Testing

@testable import Components

@Suite struct OTLPHTTPExporterConfigurationTests {
    func read(_ entries: [(key: String, node: ConfigNode)]) throws -> OTLPHTTPExporterConfiguration {
        try configuration(OTLPHTTPExporterConfiguration.self, ConfigNode(.map(entries)))
    }

    func string(_ text: String) -> ConfigNode { ConfigNode(.string(text), text: text) }

    func error(_ entries: [(key: String, node: ConfigNode)]) -> String? {
        #expect(throws: ConfigError.self) { try read(entries) }?.message
    }

    @Test(arguments: [
        ("http://jaeger:4318", "http://jaeger:4318/v1/traces"),
        ("http://jaeger:4318/", "http://jaeger:4318/v1/traces"),
        ("https://host/base", "https://host/base/v1/traces"),
        ("https://host/base//", "https://host/base//v1/traces"),
    ])
    func theTracesPathIsAppendedToTheBase(endpoint: String, url: String) throws {
        try #expect(read([("endpoint", string(endpoint))]).tracesURL == url)
    }

    @Test func tracesEndpointIsExactAndWins() throws {
        let read = try read([("endpoint", string("http://a")), ("traces_endpoint", string("http://b/spans"))])
        #expect(read.tracesURL == "http://b/spans")
    }

    @Test func endpointsAreChecked() {
        #expect(error([])?.hasPrefix("at least one endpoint must be specified") == true)
        for text in ["jaeger:4318", "ftp://host", "http://", "http:///path", "http://a b", "http://:4318"] {
            #expect(error([("endpoint", string(text))])?.hasPrefix("endpoint must be a valid URL") == true)
            #expect(
                error([("traces_endpoint", string(text))])?.hasPrefix("traces_endpoint must be a valid URL") == true
            )
        }
    }

    @Test func defaultsAreTheCollectors() throws {
        let read = try read([("endpoint", string("http://a"))])
        #expect(read.timeout == .seconds(30))
        #expect(read.compression == .gzip)
        #expect(read.idleConnectionTimeout == .seconds(90))
        #expect(read.retry == RetryConfiguration())
        #expect(read.queue == SendingQueueConfiguration())
    }

    @Test func unknownKeysBelowAreErrors() {
        for key in ["tls", "retry_on_failure", "sending_queue", "compression_params"] {
            let below = ConfigNode(.map([("nonsense", string("x"))]), path: key)
            let message = error([("endpoint", string("http://a")), (key, below)])
            #expect(message?.contains("has invalid keys: nonsense") == true)
        }
    }

    @Test func contradictionsInTLSAreErrors() {
        func tls(_ entries: [(key: String, node: ConfigNode)]) -> String? {
            error([("endpoint", string("https://a")), ("tls", ConfigNode(.map(entries)))])
        }
        #expect(tls([("cert_file", string("c.pem"))]) == "a certificate needs its key: provide key_file or key_pem")
        #expect(
            tls([("ca_file", string("c")), ("ca_pem", string("c"))])
                == "provide either ca_file or ca_pem, but not both"
        )
        let both = [("insecure", ConfigNode(.bool(true))), ("insecure_skip_verify", ConfigNode(.bool(true)))]
        #expect(tls(both.map { (key: $0.0, node: $0.1) })?.contains("choose one") == true)
    }

    @Test func contradictionsInRetryAreErrors() {
        func retry(_ entries: [(key: String, node: ConfigNode)]) -> String? {
            error([("endpoint", string("http://a")), ("retry_on_failure", ConfigNode(.map(entries)))])
        }
        #expect(
            retry([("max_elapsed_time", string("10s"))])
                == "'max_elapsed_time' must not be less than 'max_interval'"
        )
        #expect(
            retry([("max_elapsed_time", string("2s")), ("max_interval", string("1s"))])
                == "'max_elapsed_time' must not be less than 'initial_interval'"
        )
        #expect(
            retry([("randomization_factor", ConfigNode(.double(1.5), text: "1.5"))])
                == "'randomization_factor' value must be less than or equal to 1"
        )
    }
}
