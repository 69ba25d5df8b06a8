public import Collector

/// The configuration of the `otlp` receiver, with the Collector's keys, defaults and messages.
public struct OTLPReceiverConfiguration: ComponentConfiguration {
    /// `protocols.http`
    public struct HTTP: Sendable, Equatable {
        public var endpoint = Endpoint(host: "localhost", port: 4318)
        public var tracesURLPath = "/v1/traces"
        public var additionalTracesURLPaths = ["/api/traces"]
        public var maxRequestBodySize = 20 << 20
        public var readHeaderTimeout = Duration.seconds(60)
        public var idleTimeout = Duration.seconds(60)
        public var keepAlivesEnabled = true

        public init() {}
    }

    public var http = HTTP()

    public init() {}

    public init(from map: inout ConfigMap) throws(ConfigError) {
        var protocols = try map.map("protocols")
        if protocols.take("grpc") != nil {
            throw protocols.error("OTLP/gRPC is not supported yet: remove \"grpc\" and send OTLP/HTTP instead")
        }
        guard var options = try protocols.optionalMap("http") else {
            try protocols.finish()
            throw map.error("must specify at least one protocol when using the OTLP receiver: protocols::http")
        }
        http.endpoint = try options.endpoint("endpoint", default: http.endpoint)
        http.tracesURLPath = Self.path(try options.string("traces_url_path", default: http.tracesURLPath))
        http.additionalTracesURLPaths = try options.strings(
            "additional_traces_url_paths",
            default: http.additionalTracesURLPaths
        ).map(Self.path)
        // 0 is the Collector's way to ask for its default.
        let size = try options.int("max_request_body_size", default: http.maxRequestBodySize, in: 0...(1 << 30))
        http.maxRequestBodySize = size > 0 ? size : http.maxRequestBodySize
        http.readHeaderTimeout = try options.duration("read_header_timeout", default: http.readHeaderTimeout)
        http.idleTimeout = try options.duration("idle_timeout", default: http.idleTimeout)
        http.keepAlivesEnabled = try options.bool("keep_alives_enabled", default: http.keepAlivesEnabled)
        try options.finish()
        try protocols.finish()
    }

    private static func path(_ text: String) -> String { text.hasPrefix("/") ? text : "/" + text }

    public static var options: [ConfigOption] {
        [
            ConfigOption(
                "protocols.http.endpoint",
                "host:port",
                default: "localhost:4318",
                example: "0.0.0.0:4318",
                "Where to listen. In a pod, `localhost` cannot be reached from outside: use `0.0.0.0`."
            ),
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
            ConfigOption(
                "protocols.http.max_request_body_size",
                "bytes",
                default: "20971520",
                example: "67108864",
                "The longest body, as sent and after decompression; longer ones are answered with 413."
            ),
            ConfigOption(
                "protocols.http.read_header_timeout",
                "duration",
                default: "1m",
                example: "10s",
                "The longest time a sender may take for the headers of a request; 0 for no limit."
            ),
            ConfigOption(
                "protocols.http.idle_timeout",
                "duration",
                default: "1m",
                example: "5m",
                "How long a connection may stay open between two requests; 0 for no limit."
            ),
            ConfigOption(
                "protocols.http.keep_alives_enabled",
                "bool",
                default: "true",
                example: "false",
                "Keep connections open for further requests."
            ),
        ]
    }
}
