public import Collector
import NIOSSL

/// `tls` of a component that serves others, with the Collector's keys (its configtls).
public struct ServerTLSConfiguration: Sendable, Equatable {
    public enum Version: String, Sendable, CaseIterable {
        case v10 = "1.0"
        case v11 = "1.1"
        case v12 = "1.2"
        case v13 = "1.3"
    }

    public var certFile: String?
    public var certPEM: String?
    public var keyFile: String?
    public var keyPEM: String?
    /// With it, a client has to show a certificate that one of these has signed.
    public var clientCAFile: String?
    public var clientCAFileReload = false
    public var minVersion = Version.v12
    public var maxVersion: Version?
    /// Empty: the library's choice.
    public var cipherSuites: [String] = []
    /// Empty: the library's choice.
    public var curvePreferences: [String] = []
    /// How often the files are looked at; nil for never.
    public var reloadInterval: Duration?

    public init() {}

    /// Reads the map behind `tls`, unknown keys included.
    public init(from map: inout ConfigMap) throws(ConfigError) {
        if map.takeValue("tpm") != nil {
            try map.report("tpm is not supported: provide the key with key_file or key_pem")
        }
        certFile = try map.optionalString("cert_file")
        certPEM = try map.optionalString("cert_pem")
        keyFile = try map.optionalString("key_file")
        keyPEM = try map.optionalString("key_pem")
        clientCAFile = try map.optionalString("client_ca_file")
        clientCAFileReload = try map.bool("client_ca_file_reload", default: false)
        // Of use to clients only; configtls has them for servers too, and does nothing with them.
        for key in ["ca_file", "ca_pem"] { _ = try map.optionalString(key) }
        _ = try map.bool("include_system_ca_certs_pool", default: false)
        let allowsInsecure = try map.bool("include_insecure_cipher_suites", default: false)
        minVersion = try map.oneOf("min_version", default: .v12)
        if let text = try map.optionalString("max_version"), !text.isEmpty {
            maxVersion = Version(rawValue: text)
            if maxVersion == nil {
                try map.report("max_version must be one of 1.0, 1.1, 1.2, 1.3, got \"\(text)\"")
            }
        }
        cipherSuites = try map.strings("cipher_suites")
        curvePreferences = try map.strings("curve_preferences")
        if let interval = try map.optionalDuration("reload_interval"), interval > .zero { reloadInterval = interval }
        try map.finish()
        try check(map, allowsInsecure: allowsInsecure)
    }

    private func check(_ map: ConfigMap, allowsInsecure: Bool) throws(ConfigError) {
        for (file, pem, name) in [(certFile, certPEM, "cert"), (keyFile, keyPEM, "key")] where file != nil && pem != nil
        {
            try map.report("provide either \(name)_file or \(name)_pem, but not both")
        }
        if let maxVersion, maxVersion.rawValue < minVersion.rawValue {
            try map.report("min_version cannot be greater than max_version")
        }
        for suite in cipherSuites where Self.suites[suite] == nil {
            guard !allowsInsecure || Self.insecureSuites[suite] == nil else { continue }
            let known = Self.suites.keys.sorted().joined(separator: ", ")
            try map.report("invalid TLS cipher suite: \"\(suite)\" (valid: \(known))")
        }
        for curve in curvePreferences where Self.curves[curve] == nil {
            let known = Self.curves.keys.sorted().joined(separator: ", ")
            try map.report("invalid curve type: \"\(curve)\" (valid: \(known))")
        }
    }

    static let curves: [String: NIOTLSCurve] = [
        "X25519": .x25519,
        "P521": .secp521r1,
        "P256": .secp256r1,
        "P384": .secp384r1,
        "X25519MLKEM768": .x25519_MLKEM768,
    ]

    /// By the names of IANA. Those of TLS 1.3, which cannot be chosen, are taken and have no effect, as with Go.
    static let suites: [String: NIOTLSCipher] = [
        "TLS_AES_128_GCM_SHA256": .TLS_AES_128_GCM_SHA256,
        "TLS_AES_256_GCM_SHA384": .TLS_AES_256_GCM_SHA384,
        "TLS_CHACHA20_POLY1305_SHA256": .TLS_CHACHA20_POLY1305_SHA256,
        "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": .TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
        "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": .TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA": .TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
        "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": .TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ]

    static let insecureSuites: [String: NIOTLSCipher] = [
        "TLS_RSA_WITH_AES_128_CBC_SHA": .TLS_RSA_WITH_AES_128_CBC_SHA,
        "TLS_RSA_WITH_AES_256_CBC_SHA": .TLS_RSA_WITH_AES_256_CBC_SHA,
        "TLS_RSA_WITH_AES_128_GCM_SHA256": .TLS_RSA_WITH_AES_128_GCM_SHA256,
        "TLS_RSA_WITH_AES_256_GCM_SHA384": .TLS_RSA_WITH_AES_256_GCM_SHA384,
    ]
}
