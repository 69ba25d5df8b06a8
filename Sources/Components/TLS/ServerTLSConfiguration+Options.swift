import Collector

extension ServerTLSConfiguration {
    /// The options, for docs/configuration.md.
    ///
    /// - Parameter prefix: the key of the map, such as `protocols.http.tls`.
    static func options(prefix: String) -> [ConfigOption] {
        func option(_ key: String, _ kind: String, default: String = "", example: String, _ help: String)
            -> ConfigOption
        {
            ConfigOption("\(prefix).\(key)", kind, default: `default`, example: example, help)
        }
        let compatible = "Accepted for compatibility: of no use to a server."
        return [
            option("cert_file", "path", example: "/etc/tls/tls.crt", "PEM certificate, with its chain."),
            option("cert_pem", "string", example: "${env:SERVER_CERT}", "The same as text."),
            option("key_file", "path", example: "/etc/tls/tls.key", "PEM key of the certificate, not encrypted."),
            ConfigOption(
                "\(prefix).key_pem",
                "string",
                default: "",
                example: "${env:SERVER_KEY}",
                secret: true,
                "The same as text."
            ),
            option(
                "client_ca_file",
                "path",
                example: "/etc/tls/client-ca.pem",
                "Clients have to show a certificate signed by one of these (mTLS)."
            ),
            option(
                "client_ca_file_reload",
                "bool",
                default: "false",
                example: "true",
                "Read `client_ca_file` again when it changes."
            ),
            option(
                "reload_interval",
                "duration",
                example: "1h",
                "How often to read certificate, key and client CA again. A file that cannot be used is told of in the "
                    + "log, and the one before it stays."
            ),
            option("min_version", "string", default: "\"1.2\"", example: "\"1.3\"", "The lowest version of TLS."),
            option("max_version", "string", example: "\"1.2\"", "The highest version of TLS."),
            option(
                "cipher_suites",
                "list of strings",
                default: "[]",
                example: "[TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]",
                "What to use up to TLS 1.2, instead of the library's choice."
            ),
            option(
                "include_insecure_cipher_suites",
                "bool",
                default: "false",
                example: "true",
                "Allow suites without forward secrecy in `cipher_suites`."
            ),
            option(
                "curve_preferences",
                "list of strings",
                default: "[]",
                example: "[X25519, P256]",
                "X25519MLKEM768, X25519, P256, P384, P521."
            ),
            option("ca_file", "path", example: "/etc/tls/ca.pem", compatible),
            option("ca_pem", "string", example: "${env:CA}", compatible),
            option("include_system_ca_certs_pool", "bool", default: "false", example: "true", compatible),
        ]
    }
}
