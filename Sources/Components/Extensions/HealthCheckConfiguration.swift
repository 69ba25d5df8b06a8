public import Collector

/// The configuration of the `health_check` extension.
public struct HealthCheckConfiguration: ComponentConfiguration {
    public var server = HTTPServerOptions(endpoint: Self.defaultEndpoint)
    public var path = "/"
    /// Answers 200 for as long as the program can answer.
    public var livenessPath = "/live"
    /// Answers as `path` does, without a body of one's own.
    public var readinessPath = "/ready"
    /// Bodies to answer with instead of the JSON object.
    public var healthyBody: String?
    public var unhealthyBody: String?
    public var rules = HealthRules()

    private static let defaultEndpoint = Endpoint(host: "localhost", port: 13133)

    public init() {}

    public init(from map: inout ConfigMap) throws(ConfigError) {
        server = try HTTPServerOptions(from: &map, endpoint: Self.defaultEndpoint)
        path = try map.string("path", default: path)
        livenessPath = try map.string("liveness_path", default: livenessPath)
        readinessPath = try map.string("readiness_path", default: readinessPath)
        let paths = [("path", path), ("liveness_path", livenessPath), ("readiness_path", readinessPath)]
        for (key, path) in paths where !path.hasPrefix("/") { try map.report("\(key) must start with /") }
        if Set(paths.map(\.1)).count < paths.count {
            try map.report("path, liveness_path and readiness_path must be different")
        }
        var health = try map.map("component_health")
        rules = try HealthRules(from: &health)
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
        HTTPServerOptions.options(prefix: "", endpoint: "\(defaultEndpoint)") + [
            ConfigOption(
                "path",
                "string",
                default: "/",
                example: "/health",
                "Answers 200 when ready, else 503, with the state of every component as JSON."
            ),
            ConfigOption(
                "liveness_path",
                "string",
                default: "/live",
                example: "/livez",
                "Answers 200 as long as the program can answer, whatever else is wrong: for a liveness probe."
            ),
            ConfigOption(
                "readiness_path",
                "string",
                default: "/ready",
                example: "/readyz",
                "Answers 200 when ready, else 503, and says why: for a readiness probe."
            ),
            ConfigOption(
                "response_body",
                "string | {healthy, unhealthy}",
                default: "",
                example: "OK",
                "What `path` answers with instead of the JSON object with the state of every component."
            ),
            ConfigOption(
                "component_health.include_permanent_errors",
                "bool",
                default: "false",
                example: "true",
                "A component with an error that will not pass makes the answer 500."
            ),
            ConfigOption(
                "component_health.include_recoverable_errors",
                "bool",
                default: "false",
                example: "true",
                "A component with an error for longer than `recovery_duration`, such as a backend or an API server that "
                    + "is away, makes the answer 503."
            ),
            ConfigOption(
                "component_health.recovery_duration",
                "duration",
                default: "5m",
                example: "1m",
                "How long an error may last that may pass."
            ),
        ]
    }
}
