import FoundationEssentials
import NIOSSL

/// Why there can be no TLS: what was wrong with which file.
struct TLSError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The bytes that a server's TLS is made of, as they were read.
struct TLSMaterial: Equatable {
    var certificate: [UInt8] = []
    var key: [UInt8] = []
    var clientCA: [UInt8]?

    /// Reads the files. Blocks.
    init(_ configuration: ServerTLSConfiguration) throws(TLSError) {
        certificate = try Self.bytes(configuration.certFile, configuration.certPEM, "cert")
        key = try Self.bytes(configuration.keyFile, configuration.keyPEM, "key")
        if let file = configuration.clientCAFile { clientCA = try Self.read(file, "client_ca_file") }
    }

    private static func bytes(_ file: String?, _ pem: String?, _ name: String) throws(TLSError) -> [UInt8] {
        if let pem { return Array(pem.utf8) }
        if let file { return try read(file, "\(name)_file") }
        throw TLSError("a server needs a certificate and its key: provide \(name)_file or \(name)_pem")
    }

    private static func read(_ path: String, _ key: String) throws(TLSError) -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw TLSError("\(key) \(path) cannot be read: \(error)")
        }
    }
}

extension ServerTLSConfiguration {
    /// What connections are made with, from the files as they are now. Blocks.
    ///
    /// - Parameter applicationProtocols: for ALPN, such as `h2`.
    func makeContext(applicationProtocols: [String] = []) throws(TLSError) -> NIOSSLContext {
        try makeContext(TLSMaterial(self), applicationProtocols: applicationProtocols)
    }

    func makeContext(_ material: TLSMaterial, applicationProtocols: [String]) throws(TLSError) -> NIOSSLContext {
        var tls = NIOSSL.TLSConfiguration.makeServerConfiguration(
            certificateChain: try Self.certificates(material.certificate, certFile ?? "cert_pem").map {
                .certificate($0)
            },
            privateKey: .privateKey(try Self.key(material.key, keyFile ?? "key_pem"))
        )
        if let clientCA = material.clientCA {
            tls.trustRoots = .certificates(try Self.certificates(clientCA, clientCAFile ?? "client_ca_file"))
            // In a server: a certificate is required and its chain verified; a client has no host name.
            tls.certificateVerification = .noHostnameVerification
            tls.sendCANameList = true
        }
        tls.minimumTLSVersion = minVersion.nio
        tls.maximumTLSVersion = maxVersion?.nio
        tls.applicationProtocols = applicationProtocols
        let suites = cipherSuites.compactMap { Self.suites[$0] ?? Self.insecureSuites[$0] }
            .filter { $0.rawValue >> 8 != 0x13 }
        if !suites.isEmpty { tls.cipherSuiteValues = suites }
        let curves = curvePreferences.compactMap { Self.curves[$0] }
        if !curves.isEmpty { tls.curves = curves }
        do {
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw TLSError(
                "TLS cannot be set up with certificate \(certFile ?? "cert_pem") and key \(keyFile ?? "key_pem") "
                    + "(do they belong together?): \(error)"
            )
        }
    }

    private static func certificates(_ pem: [UInt8], _ name: String) throws(TLSError) -> [NIOSSLCertificate] {
        if let certificates = try? NIOSSLCertificate.fromPEMBytes(pem), !certificates.isEmpty { return certificates }
        throw TLSError("\(name) holds no certificate in PEM form")
    }

    private static func key(_ pem: [UInt8], _ name: String) throws(TLSError) -> NIOSSLPrivateKey {
        do {
            return try NIOSSLPrivateKey(bytes: pem, format: .pem)
        } catch {
            throw TLSError("\(name) holds no private key in PEM form, or one with a passphrase")
        }
    }
}

extension ServerTLSConfiguration.Version {
    fileprivate var nio: TLSVersion {
        switch self {
        case .v10: .tlsv1
        case .v11: .tlsv11
        case .v12: .tlsv12
        case .v13: .tlsv13
        }
    }
}
