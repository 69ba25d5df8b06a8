public import Collector

/// The configuration of the `health_check` extension.
public struct HealthCheckConfiguration: ComponentConfiguration {
    public var endpoint = Endpoint(host: "localhost", port: 13133)
    public var path = "/"
    /// Bodies to answer with instead of the JSON object.
    public var healthyBody: String?
    public var unhealthyBody: String?

    public init() {}

    public init(from map: inout ConfigMap) throws(ConfigError) {
        endpoint = try map.endpoint("endpoint", default: endpoint)
        path = try map.string("path", default: path)
        guard path.hasPrefix("/") else { throw map.error("path must start with /") }
        guard let body = map.takeValue("response_body") else { return }
        if case .map = body.value {
            var bodies = try ConfigMap(body)
            healthyBody = try bodies.optionalString("healthy")
            unhealthyBody = try bodies.optionalString("unhealthy")
            try bodies.finish()
        } else {
            healthyBody = try body.string()
            unhealthyBody = healthyBody
        }
    }

    public static var options: [ConfigOption] {
        [
            ConfigOption(
                "endpoint",
                "host:port",
                default: "localhost:13133",
                example: "0.0.0.0:13133",
                "Where to listen. For a kubelet's probes, use `0.0.0.0`."
            ),
            ConfigOption("path", "string", default: "/", example: "/health", "The path that is answered."),
            ConfigOption(
                "response_body",
                "string | {healthy, unhealthy}",
                default: "",
                example: "OK",
                "What to answer with instead of the JSON object with the state of every component."
            ),
        ]
    }
}
