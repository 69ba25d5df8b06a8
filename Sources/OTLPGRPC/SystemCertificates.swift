#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The certificates that the system trusts, in one file.
enum SystemCertificates {
    /// Of Debian, Alpine, Fedora and openSUSE; where NIOSSL, curl and Go look.
    private static let files = [
        "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ]

    /// `SSL_CERT_FILE` if it is set, as with OpenSSL and Go; nil when there is none.
    static var path: String? {
        if let file = getenv("SSL_CERT_FILE") { return String(cString: file) }
        return files.first { access($0, R_OK) == 0 }
    }
}
