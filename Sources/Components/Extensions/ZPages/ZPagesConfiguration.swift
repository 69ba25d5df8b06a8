public import Collector

/// The configuration of the `zpages` extension.
public struct ZPagesConfiguration: ComponentConfiguration {
    public var server = HTTPServerOptions(endpoint: Self.defaultEndpoint)

    private static let defaultEndpoint = Endpoint(host: "localhost", port: 55679)

    public init() {}

    public init(from map: inout ConfigMap) throws(ConfigError) {
        server = try HTTPServerOptions(from: &map, endpoint: Self.defaultEndpoint)
    }

    public static var options: [ConfigOption] {
        HTTPServerOptions.options(prefix: "", endpoint: "\(defaultEndpoint)")
    }
}
