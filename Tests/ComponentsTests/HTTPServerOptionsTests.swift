import Collector
import Testing

@testable import Components

@Suite struct HTTPServerOptionsTests {
    func read(_ yaml: String) throws -> HTTPServerOptions {
        var map = try ConfigMap(YAMLText.parse(yaml, source: "test"))
        let options = try HTTPServerOptions(from: &map, endpoint: Endpoint(host: "localhost", port: 4318))
        try map.finish()
        return options
    }

    @Test func anEmptyMapGivesTheDefaults() throws {
        let options = try read("{}")
        #expect(options == HTTPServerOptions(endpoint: Endpoint(host: "localhost", port: 4318)))
        #expect(options.tls == nil)
        #expect(options.cors == nil)
        #expect(options.authenticator == nil)
        #expect(options.maxRequestBodySize == 20_971_520)
        #expect(options.compressionAlgorithms == ["", "gzip", "zlib", "deflate"])
        #expect(options.idleTimeout == .seconds(60))
        #expect(options.keepAlivesEnabled)
        try #expect(read("max_request_body_size: 0").maxRequestBodySize == 20_971_520)
        try #expect(read("tls: {cert_file: a, key_file: b}").tls?.minVersion == .v12)
        try #expect(read("cors: {allowed_origins: [\"*\"]}").cors?.maxAge == 0)
    }

    @Test func everythingGivenIsTaken() throws {
        let options = try read(
            """
            endpoint: 0.0.0.0:80
            auth: {authenticator: basicauth/team}
            response_headers: {X-Gateway: a}
            cors: {allowed_origins: ["https://*.example.com"], max_age: 600}
            tls: {cert_pem: a, key_pem: b, min_version: "1.3", reload_interval: 1h}
            """
        )
        #expect(options.endpoint == Endpoint(host: "0.0.0.0", port: 80))
        #expect(options.authenticator == ComponentID(type: "basicauth", name: "team"))
        #expect(options.responseHeaders == ["X-Gateway": "a"])
        #expect(options.cors?.allowedOrigins == ["https://*.example.com"])
        #expect(options.cors?.maxAge == 600)
        #expect(options.tls?.minVersion == .v13)
        #expect(options.tls?.reloadInterval == .seconds(3600))
    }

    @Test(
        arguments: [
            ("transport: unix", "transport \"unix\" is not supported"),
            ("middlewares: [{id: a}]", "middlewares are not supported"),
            ("compression_algorithms: [br]", "unsupported compression algorithm \"br\""),
            ("auth: {authenticator: a, request_params: [b]}", "request_params are not supported"),
            ("tls: {tpm: {enabled: true}}", "tpm is not supported"),
            ("tls: {cert_file: a, cert_pem: b}", "provide either cert_file or cert_pem, but not both"),
            ("tls: {key_file: a, key_pem: b}", "provide either key_file or key_pem, but not both"),
            ("tls: {max_version: \"2.0\"}", "max_version must be one of 1.0, 1.1, 1.2, 1.3, got \"2.0\""),
            ("tls: {min_version: \"1.3\", max_version: \"1.2\"}", "min_version cannot be greater than max_version"),
            ("tls: {cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA]}", "invalid TLS cipher suite"),
            ("tls: {curve_preferences: [P1]}", "invalid curve type: \"P1\""),
            ("tls: {cert: a}", "cert"),
            ("cors: {origins: []}", "origins"),
        ]
    )
    func whatCannotBeIsAnErrorThatSaysSo(yaml: String, message: String) throws {
        let error = #expect(throws: (any Error).self) { _ = try read(yaml) }
        #expect(error.map { "\($0)" }?.contains(message) == true)
    }

    @Test func insecureCipherSuitesHaveToBeAskedFor() throws {
        let yaml = "tls: {cipher_suites: [TLS_RSA_WITH_AES_128_CBC_SHA], include_insecure_cipher_suites: true}"
        try #expect(read(yaml).tls?.cipherSuites == ["TLS_RSA_WITH_AES_128_CBC_SHA"])
    }
}
