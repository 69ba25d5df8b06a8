import Testing

@testable import Collector

@Suite struct MetricsConfigurationTests {
    func read(_ text: String) throws -> MetricsConfiguration {
        var map = try ConfigMap(YAMLText.parse(text, source: "test"))
        return try MetricsConfiguration(from: &map)
    }

    @Test func prometheusAtLocalhost8888ByDefault() throws {
        let expected = MetricsConfiguration()
        #expect(try read("{}") == expected)
        #expect(try read("level: normal") == expected)
        #expect(try read("readers: [{pull: {exporter: {prometheus: }}}]") == expected)
        #expect(expected.readers.map(\.endpoint) == [Endpoint(host: "localhost", port: 8888)])
        #expect(expected.readers.first?.naming == PrometheusNaming())
    }

    @Test func readersAsUsersOfTheCollectorWriteThem() throws {
        let configuration = try read(
            """
            level: detailed
            readers:
              - pull:
                  exporter:
                    prometheus:
                      host: '[::0]'
                      port: 9999
                      without_type_suffix: false
                      without_units: true
                      without_scope_info: false
              - pull: {exporter: {prometheus: {port: 1}}}
            """
        )
        #expect(configuration.level == .detailed)
        #expect(configuration.readers.count == 2)
        #expect(configuration.readers[0].endpoint == Endpoint(host: "::0", port: 9999))
        #expect(
            configuration.readers[0].naming == PrometheusNaming(withoutTypeSuffix: false, withoutScopeInfo: false)
        )
        #expect(configuration.readers[1].endpoint == Endpoint(host: "localhost", port: 1))
    }

    @Test func theAddressOfOlderCollectors() throws {
        #expect(try read("address: :9000").readers.map(\.endpoint) == [Endpoint(host: "", port: 9000)])
    }

    @Test func noneServesNothing() throws {
        #expect(try read("level: none").readers.isEmpty)
        #expect(try read("{level: none, readers: [{pull: {exporter: {prometheus: {}}}}]}").readers.isEmpty)
    }

    @Test(arguments: [
        ("level: loud", "one of none, basic, normal, detailed"),
        ("address: nowhere", "expected host:port"),
        ("{address: 'a:1', readers: [{pull: {exporter: {prometheus: }}}]}", "exclude each other"),
        ("readers: [{periodic: {exporter: {otlp: }}}]", "periodic readers are not supported"),
        ("readers: [{}]", "\"pull\" must be specified"),
        ("readers: [{pull: {exporter: {otlp: }}}]", "\"prometheus\" must be specified"),
        ("readers: [{pull: {exporter: {prometheus: {port: 65536}}}}]", "65535"),
        ("readers: [{pull: {exporter: {prometheus: {hots: a}}}}]", "invalid keys: hots"),
        ("views: []", "invalid keys: views"),
    ])
    func whatIsWrongIsTold(text: String, message: String) {
        #expect { try read(text) } throws: { "\($0)".contains(message) }
    }
}
