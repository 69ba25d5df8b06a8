public import Collector

extension OTLPGRPCExporterConfiguration {
    public static var options: [ConfigOption] {
        [
            ConfigOption(
                "endpoint",
                "host:port",
                default: "",
                example: "http://jaeger:4317",
                "The backend. With `http://` in front there is no TLS, with `https://` there is. `host:port` alone and "
                    + "`dns:///` mean TLS, unless `tls.insecure` is set. Required."
            ),
            ConfigOption(
                "headers",
                "map of strings",
                default: "{}",
                example: "{Authorization: \"Bearer ${env:TOKEN}\"}",
                secret: true,
                "Metadata to send with every request."
            ),
            ConfigOption("timeout", "duration", default: "5s", example: "10s", "For one attempt; 0 for no limit."),
            ConfigOption(
                "compression",
                "gzip | none",
                default: "gzip",
                example: "none",
                "How requests are compressed. Within a cluster, `none` saves the most CPU."
            ),
            ConfigOption(
                "keepalive.time",
                "duration",
                default: "10s",
                example: "30s",
                "After how long without traffic the backend is pinged, if there is a `keepalive`; at least 10s."
            ),
            ConfigOption(
                "keepalive.timeout",
                "duration",
                default: "20s",
                example: "10s",
                "How long the answer to a ping may take before the connection is closed."
            ),
            ConfigOption(
                "keepalive.permit_without_stream",
                "bool",
                default: "false",
                example: "true",
                "Ping also when no request is under way."
            ),
            ConfigOption(
                "balancer_name",
                "round_robin | pick_first",
                default: "round_robin",
                example: "pick_first",
                "Whether requests go to all addresses of the endpoint in turn, or to the first that answers."
            ),
            ConfigOption(
                "wait_for_ready",
                "bool",
                default: "false",
                example: "true",
                "Whether an attempt waits for a connection, within `timeout`, or fails at once."
            ),
            ConfigOption(
                "read_buffer_size",
                "bytes",
                default: "0",
                example: "524288",
                "Accepted for compatibility: buffers are sized by need."
            ),
            ConfigOption(
                "write_buffer_size",
                "bytes",
                default: "524288",
                example: "1048576",
                "Accepted for compatibility: buffers are sized by need."
            ),
            ConfigOption(
                "auth.authenticator",
                "component id",
                default: "",
                example: "basicauth/client",
                "The extension that brings the credentials."
            ),
        ]
            + TLSConfiguration.options(
                prefix: "tls",
                insecure: "No TLS, where the endpoint has neither `http://` nor `https://` in front; those win.",
                minimums: [.tls10, .tls11, .tls12],
                maximums: [.tls13],
                reading: "files are read again when they have changed"
            ) + RetryConfiguration.options(prefix: "retry_on_failure")
            + SendingQueueConfiguration.options(prefix: "sending_queue")
    }
}
