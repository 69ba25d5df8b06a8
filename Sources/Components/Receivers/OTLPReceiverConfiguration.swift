public import Collector

/// The configuration of the `otlp` receiver, with the Collector's keys, defaults and messages.
public struct OTLPReceiverConfiguration: ComponentConfiguration {
    /// `protocols.http`
    public struct HTTP: Sendable, Equatable {
        public var server = HTTPServerOptions(endpoint: Endpoint(host: "localhost", port: 4318))
        public var tracesURLPath = "/v1/traces"
        public var additionalTracesURLPaths = ["/api/traces"]

        public init() {}
    }

    /// nil: not served.
    public var http: HTTP? = HTTP()
    /// nil: not served.
    public var grpc: OTLPGRPCReceiverConfiguration?

    public init() {}

    public init(from map: inout ConfigMap) throws(ConfigError) {
        var protocols = try map.map("protocols")
        if var options = try protocols.optionalMap("grpc") { grpc = try OTLPGRPCReceiverConfiguration(from: &options) }
        http = nil
        if var options = try protocols.optionalMap("http") { http = try Self.http(&options) }
        try protocols.finish()
        if http == nil, grpc == nil {
            try map.report(
                "must specify at least one protocol when using the OTLP receiver: protocols::http or protocols::grpc"
            )
        }
    }

    private static func http(_ options: inout ConfigMap) throws(ConfigError) -> HTTP {
        var http = HTTP()
        http.server = try HTTPServerOptions(from: &options, endpoint: http.server.endpoint)
        http.tracesURLPath = path(try options.string("traces_url_path", default: http.tracesURLPath))
        http.additionalTracesURLPaths = try options.strings(
            "additional_traces_url_paths",
            default: http.additionalTracesURLPaths
        ).map(path)
        // The Collector serves these for pipelines of other signals only.
        for signal in ["metrics", "logs", "profiles"] { _ = try options.optionalString("\(signal)_url_path") }
        try options.finish()
        return http
    }

    private static func path(_ text: String) -> String { text.hasPrefix("/") ? text : "/" + text }

    public static var options: [ConfigOption] {
        [
            ConfigOption(
                "protocols.http.traces_url_path",
                "string",
                default: "/v1/traces",
                example: "/otlp/v1/traces",
                "The path that takes traces."
            ),
            ConfigOption(
                "protocols.http.additional_traces_url_paths",
                "list of strings",
                default: "[/api/traces]",
                example: "[]",
                "Further paths that take the same. Tekton v0.58 to v1.10 post OTLP to `/api/traces` by default."
            ),
        ] + HTTPServerOptions.options(prefix: "protocols.http", endpoint: "localhost:4318")
            + OTLPGRPCReceiverConfiguration.options
    }
}
