/// What a PEM text is expected to hold.
enum PEMKind: String {
    case certificate
    case key

    /// What is wrong with the text; the TLS library would only say so with the first connection, and less clearly.
    func problem(_ text: String) -> String? {
        switch self {
        case .certificate:
            if ["", "TRUSTED "].contains(where: { text.contains("-----BEGIN \($0)CERTIFICATE-----") }) { return nil }
        case .key:
            if text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") || text.contains("Proc-Type: 4,ENCRYPTED") {
                return "the key is encrypted; one without a passphrase is needed"
            }
            if text.contains("PRIVATE KEY-----") { return nil }
        }
        return "holds no \(rawValue) in PEM form"
    }
}
