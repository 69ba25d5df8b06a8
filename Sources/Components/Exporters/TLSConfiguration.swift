public import Collector
import HTTPClient

/// `tls` of a component that connects to others, with the Collector's keys.
public struct TLSConfiguration: Sendable, Equatable {
    /// No TLS, for an endpoint whose scheme does not say. (A URL's always does.)
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
    public var minVersion = Version.tls12
    /// nil: the highest there is.
    public var maxVersion: Version?

    public enum Version: String, Sendable, CaseIterable {
        case tls10 = "1.0"
        case tls11 = "1.1"
        case tls12 = "1.2"
        case tls13 = "1.3"
    }

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
        minVersion = try Self.version(&map, "min_version") ?? .tls12
        maxVersion = try Self.version(&map, "max_version")
        // Files are read for every new connection, or whenever they have changed: any interval is kept.
        _ = try map.duration("reload_interval", default: .zero)
        for key in ["cipher_suites", "curve_preferences", "tpm"] {
            guard let node = map.takeValue(key), node.value != .list([]), node.value != .map([]) else { continue }
            try map.report(node.error("is not supported for clients: remove it, the TLS library's own choice is used"))
        }
        if try map.bool("include_insecure_cipher_suites", default: false) {
            try map.report("include_insecure_cipher_suites is not supported: remove it")
        }
        try map.finish()
        if let maxVersion, maxVersion.rawValue < minVersion.rawValue {
            try map.report("min_version cannot be greater than max_version")
        }
        if insecure, insecureSkipVerify {
            try map.report("insecure_skip_verify has no use together with insecure: choose one")
        }
        for (file, pem, name) in [(caFile, caPEM, "ca"), (certFile, certPEM, "cert"), (keyFile, keyPEM, "key")] {
            if file != nil, pem != nil { try map.report("provide either \(name)_file or \(name)_pem, but not both") }
        }
        if (certFile ?? certPEM) != nil, (keyFile ?? keyPEM) == nil {
            try map.report("a certificate needs its key: provide key_file or key_pem")
        }
        if (keyFile ?? keyPEM) != nil, (certFile ?? certPEM) == nil {
            try map.report("a key needs its certificate: provide cert_file or cert_pem")
        }
    }

    private static func version(_ map: inout ConfigMap, _ key: String) throws(ConfigError) -> Version? {
        try map.value(key, absent: nil) { node throws(ConfigError) in
            let text = try node.string()
            if text.isEmpty { return nil }
            guard let version = Version(rawValue: text) else {
                throw node.error("invalid TLS \(key): unsupported TLS version: \"\(text)\" (1.0, 1.1, 1.2 or 1.3)")
            }
            return version
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
        tls.minimumVersion = minVersion.client
        tls.maximumVersion = maxVersion?.client
        return tls
    }

    /// - Parameters:
    ///   - insecure: what `insecure` does.
    ///   - minimums: what may be given as `min_version`.
    ///   - maximums: the same as `max_version`.
    ///   - reading: when files are read.
    static func options(
        prefix: String,
        insecure: String,
        minimums: [Version] = Version.allCases,
        maximums: [Version] = Version.allCases,
        reading: String = "files are read for every new connection"
    ) -> [ConfigOption] {
        func choices(_ versions: [Version]) -> String { versions.map(\.rawValue).joined(separator: " | ") }
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
                insecure
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
            ConfigOption(
                "\(prefix).key_pem",
                "string",
                default: "",
                example: "${env:CLIENT_KEY}",
                secret: true,
                "The same as text."
            ),
            option(
                "min_version",
                choices(minimums),
                default: "1.2",
                example: minimums.last?.rawValue ?? "1.2",
                "The lowest version of TLS."
            ),
            option("max_version", choices(maximums), example: "1.3", "The highest; by default the library's."),
            option(
                "reload_interval",
                "duration",
                default: "0s",
                example: "1h",
                "Accepted for compatibility: \(reading)."
            ),
            option(
                "server_name_override",
                "string",
                example: "jaeger.example.com",
                "The name to ask for and to verify, instead of the endpoint's host."
            ),
        ]
    }
}

extension TLSConfiguration.Version {
    fileprivate var client: HTTPClientConfiguration.TLS.Version {
        switch self {
        case .tls10: .tls1_0
        case .tls11: .tls1_1
        case .tls12: .tls1_2
        case .tls13: .tls1_3
        }
    }
}
