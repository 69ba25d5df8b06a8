import FoundationEssentials

/// What an exec plugin hands out: the `status` of the `ExecCredential` on its standard output.
struct ExecCredential: Sendable, Equatable {
    struct Certificate: Sendable, Equatable {
        let certificate: [UInt8]
        let key: [UInt8]
    }

    /// Why the output is of no use.
    struct Problem: Error, Equatable {
        let message: String
    }

    var token: String?
    var certificate: Certificate?
    /// Nil when it is good until the server rejects it.
    var expiration: KubernetesTime?

    init(token: String? = nil, certificate: Certificate? = nil, expiration: KubernetesTime? = nil) {
        self.token = token
        self.certificate = certificate
        self.expiration = expiration
    }

    /// The rules are client-go's (`plugin/pkg/client/auth/exec`): version and kind must be those that were asked for, and
    /// there must be a token, or a certificate with its key.
    init(output: [UInt8], version: ExecPlugin.Version) throws(Problem) {
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: Data(output))
        } catch {
            throw Problem(message: "its output is not an ExecCredential in JSON: \(decodingSummary(error))")
        }
        guard document.kind == "ExecCredential" else {
            throw Problem(message: "its output is of kind '\(document.kind ?? "")', ExecCredential is expected")
        }
        guard document.apiVersion == version.rawValue else {
            throw Problem(
                message: "its output is of apiVersion '\(document.apiVersion ?? "")', \(version.rawValue) is configured"
            )
        }
        guard let status = document.status else { throw Problem(message: "its output has no status") }
        token = status.token.flatMap { $0.isEmpty ? nil : $0 }
        expiration = status.expirationTimestamp
        switch (status.clientCertificateData ?? "", status.clientKeyData ?? "") {
        case ("", ""):
            guard token != nil else {
                throw Problem(message: "its output has neither a token nor a client certificate")
            }
        case (_, ""): throw Problem(message: "its output has clientCertificateData without clientKeyData")
        case ("", _): throw Problem(message: "its output has clientKeyData without clientCertificateData")
        case (let certificate, let key):
            self.certificate = Certificate(certificate: Array(certificate.utf8), key: Array(key.utf8))
        }
    }

    private struct Document: Decodable {
        struct Status: Decodable {
            let expirationTimestamp: KubernetesTime?
            let token: String?
            let clientCertificateData: String?
            let clientKeyData: String?
        }

        let apiVersion: String?
        let kind: String?
        let status: Status?
    }
}
