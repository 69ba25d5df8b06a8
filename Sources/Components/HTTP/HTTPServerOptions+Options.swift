import Collector

extension HTTPServerOptions {
    /// The options, for docs/configuration.md.
    ///
    /// - Parameter prefix: the key of the map, such as `protocols.http`, or empty.
    static func options(prefix: String, endpoint: String) -> [ConfigOption] {
        let dot = prefix.isEmpty ? "" : "\(prefix)."
        let example = "0.0.0.0:" + (endpoint.split(separator: ":").last.map(String.init) ?? "80")
        func option(_ key: String, _ kind: String, default: String = "", example: String, _ help: String)
            -> ConfigOption
        {
            ConfigOption(dot + key, kind, default: `default`, example: example, help)
        }
        return [
            option(
                "endpoint",
                "host:port",
                default: endpoint,
                example: example,
                "Where to listen. In a pod, `localhost` cannot be reached from outside: use `0.0.0.0`."
            ),
            option("transport", "string", default: "tcp", example: "tcp", "Nothing but tcp."),
            option("auth.authenticator", "component", example: "basicauth", "The extension that says who may send."),
            option("auth.request_params", "list of strings", default: "[]", example: "[]", "Not supported."),
            option(
                "max_request_body_size",
                "bytes",
                default: "20971520",
                example: "67108864",
                "The longest body, as sent and after decompression; longer ones are answered with 413."
            ),
            option(
                "include_metadata",
                "bool",
                default: "false",
                example: "true",
                "Keep the request's headers for `metadata_keys` of other components."
            ),
            ConfigOption(
                "\(dot)response_headers",
                "map of strings",
                default: "{}",
                example: "{X-Gateway: steptrace}",
                secret: true,
                "Headers to add to every response."
            ),
            option(
                "compression_algorithms",
                "list of strings",
                default: "[\"\", gzip, zlib, deflate]",
                example: "[\"\", gzip]",
                "The encodings that a body may have; the empty one is none."
            ),
            option(
                "read_timeout",
                "duration",
                default: "0",
                example: "30s",
                "The longest time a sender may take for a body; 0 for no limit as long as it makes progress."
            ),
            option(
                "read_header_timeout",
                "duration",
                default: "1m",
                example: "10s",
                "The longest time a sender may take for the headers of a request; 0 for no limit."
            ),
            option(
                "write_timeout",
                "duration",
                default: "0",
                example: "30s",
                "The longest time from the end of a request to the end of its response; 0 for no limit."
            ),
            option(
                "idle_timeout",
                "duration",
                default: "1m",
                example: "5m",
                "How long a connection may stay open between two requests; 0 for no limit."
            ),
            option(
                "keep_alives_enabled",
                "bool",
                default: "true",
                example: "false",
                "Keep connections open for further requests."
            ),
        ] + ServerTLSConfiguration.options(prefix: dot + "tls") + CORSConfiguration.options(prefix: dot + "cors")
    }
}
