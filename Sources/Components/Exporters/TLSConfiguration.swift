public import Collector
import HTTPClient

/// `tls` of a component that connects to others, with the Collector's keys.
public struct TLSConfiguration: Sendable, Equatable {
    /// For compatibility: whether TLS is used is up to the URL's scheme.
    public var insecure = false
    public var insecureSkipVerify = false
    public var caFile: String?
    public var caPEM: String?
    public var includeSystemCAs = false
    public var certFile: String?
    public var certPEM: String?
    public var keyFile: String?
    public var keyPEM: String?
    public var serverNameOverride: String?

    public init() {}

    /// Reads the map behind `tls`, unknown keys included.
    public init(from map: inout ConfigMap) throws(ConfigError) {
        insecure = try map.bool("insecure", default: false)
        insecureSkipVerify = try map.bool("insecure_skip_verify", default: false)
        caFile = try map.optionalString("ca_file")
        caPEM = try map.optionalString("ca_pem")
        includeSystemCAs = try map.bool("include_system_ca_certs_pool", default: false)
        certFile = try map.optionalString("cert_file")
        certPEM = try map.optionalString("cert_pem")
        keyFile = try map.optionalString("key_file")
        keyPEM = try map.optionalString("key_pem")
        serverNameOverride = try map.optionalString("server_name_override")
        try map.finish()
        if insecure, insecureSkipVerify {
            throw map.error("insecure_skip_verify has no use together with insecure: choose one")
        }
        for (file, pem, name) in [(caFile, caPEM, "ca"), (certFile, certPEM, "cert"), (keyFile, keyPEM, "key")] {
            if file != nil, pem != nil { throw map.error("provide either \(name)_file or \(name)_pem, but not both") }
        }
        if (certFile ?? certPEM) != nil, (keyFile ?? keyPEM) == nil {
            throw map.error("a certificate needs its key: provide key_file or key_pem")
        }
        if (keyFile ?? keyPEM) != nil, (certFile ?? certPEM) == nil {
            throw map.error("a key needs its certificate: provide cert_file or cert_pem")
        }
    }

    var client: HTTPClientConfiguration.TLS {
        var tls = HTTPClientConfiguration.TLS()
        tls.insecureSkipVerify = insecureSkipVerify
        tls.caFile = caFile
        tls.caPEM = caPEM.map { Array($0.utf8) }
        tls.includeSystemCAs = includeSystemCAs
        tls.certificateFile = certFile
        tls.certificatePEM = certPEM.map { Array($0.utf8) }
        tls.keyFile = keyFile
        tls.keyPEM = keyPEM.map { Array($0.utf8) }
        tls.serverName = serverNameOverride
        return tls
    }

    static func options(prefix: String) -> [ConfigOption] {
        func option(_ key: String, _ kind: String, default: String = "", example: String, _ help: String)
            -> ConfigOption
        {
            ConfigOption("\(prefix).\(key)", kind, default: `default`, example: example, help)
        }
        return [
            option(
                "insecure",
                "bool",
                default: "false",
                example: "true",
                "Accepted for compatibility: whether TLS is used is up to the endpoint's scheme."
            ),
            option(
                "insecure_skip_verify",
                "bool",
                default: "false",
                example: "true",
                "Accept any certificate. For experiments only."
            ),
            option(
                "ca_file",
                "path",
                example: "/etc/ssl/backend-ca.pem",
                "PEM certificates to trust, instead of the system's."
            ),
            option("ca_pem", "string", example: "${env:BACKEND_CA}", "The same as text."),
            option(
                "include_system_ca_certs_pool",
                "bool",
                default: "false",
                example: "true",
                "Trust the system's certificates beside those given."
            ),
            option("cert_file", "path", example: "/etc/tls/tls.crt", "PEM client certificate (mTLS), with its chain."),
            option("cert_pem", "string", example: "${env:CLIENT_CERT}", "The same as text."),
            option(
                "key_file",
                "path",
                example: "/etc/tls/tls.key",
                "PEM key of the client certificate, not encrypted."
            ),
            option("key_pem", "string", example: "${env:CLIENT_KEY}", "The same as text."),
            option(
                "server_name_override",
                "string",
                example: "jaeger.example.com",
                "The name to ask for and to verify, instead of the endpoint's host."
            ),
        ]
    }
}
