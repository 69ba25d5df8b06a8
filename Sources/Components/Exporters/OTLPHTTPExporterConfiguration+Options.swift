public import Collector

extension OTLPHTTPExporterConfiguration {
    public static var options: [ConfigOption] {
        [
            ConfigOption(
                "endpoint",
                "URL",
                default: "",
                example: "http://jaeger:4318",
                "The backend's base URL; `/v1/traces` is appended. Required unless `traces_endpoint` is given."
            ),
            ConfigOption(
                "traces_endpoint",
                "URL",
                default: "",
                example: "http://jaeger:4318/custom/traces",
                "The URL for traces exactly as it is to be used. Wins over `endpoint`."
            ),
            ConfigOption(
                "headers",
                "map of strings",
                default: "{}",
                example: "{Authorization: \"Bearer ${env:TOKEN}\"}",
                secret: true,
                "Headers to send with every request. A `Host` entry overrides the one from the URL."
            ),
            ConfigOption("timeout", "duration", default: "30s", example: "10s", "For one attempt; 0 for no limit."),
            ConfigOption(
                "encoding",
                "proto | json",
                default: "proto",
                example: "json",
                "How requests are written. JSON costs several times as much CPU."
            ),
            ConfigOption(
                "auth.authenticator",
                "extension",
                default: "",
                example: "bearertokenauth",
                "The extension that brings the credentials of each request: `basicauth` or `bearertokenauth`."
            ),
            ConfigOption(
                "compression",
                "gzip | zlib | deflate | none",
                default: "gzip",
                example: "none",
                "How bodies are compressed. Within a cluster, `none` saves the most CPU."
            ),
            ConfigOption(
                "compression_params.level",
                "int from -1 to 9",
                default: "1",
                example: "6",
                "zlib's level: 1 is fastest, 9 smallest, -1 is zlib's default (6). The Collector's default is -1."
            ),
            ConfigOption(
                "proxy_url",
                "URL",
                default: "",
                example: "http://proxy:3128",
                "A proxy, instead of the one the environment names."
            ),
            ConfigOption(
                "max_conns_per_host",
                "int",
                default: "0",
                example: "4",
                "The most connections to the backend; 0 for no limit but `sending_queue.num_consumers`."
            ),
            ConfigOption(
                "max_idle_conns",
                "int",
                default: "100",
                example: "10",
                "Connections kept open when idle; 0 for no limit."
            ),
            ConfigOption(
                "idle_conn_timeout",
                "duration",
                default: "90s",
                example: "30s",
                "A connection that was idle for longer is not used again; 0 for no limit."
            ),
            ConfigOption(
                "max_idle_conns_per_host",
                "int",
                default: "0",
                example: "10",
                "The same for one host, if lower; 0 for no limit."
            ),
            ConfigOption(
                "force_attempt_http2",
                "bool",
                default: "true",
                example: "false",
                "Use HTTP/2 on https where the backend offers it."
            ),
            ConfigOption(
                "read_buffer_size",
                "bytes",
                default: "0",
                example: "4096",
                "Accepted for compatibility: buffers are libcurl's."
            ),
            ConfigOption(
                "write_buffer_size",
                "bytes",
                default: "524288",
                example: "65536",
                "Accepted for compatibility: buffers are libcurl's."
            ),
            ConfigOption(
                "disable_keep_alives",
                "bool",
                default: "false",
                example: "true",
                "Open a connection for each request."
            ),
        ]
            + TLSConfiguration.options(
                prefix: "tls",
                insecure: "Accepted for compatibility: whether TLS is used is up to the endpoint's scheme."
            ) + RetryConfiguration.options(prefix: "retry_on_failure")
            + SendingQueueConfiguration.options(prefix: "sending_queue")
    }
}
