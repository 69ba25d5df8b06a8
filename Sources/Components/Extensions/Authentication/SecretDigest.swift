import Crypto

/// What is kept of a secret in order to recognize it: a hash with a salt that only this process knows. Two of them are
/// compared in constant time, whatever the lengths of the secrets.
struct SecretDigest: Sendable, Hashable {
    private static let salt = SymmetricKey(size: .bits256)

    private let code: HashedAuthenticationCode<SHA256>

    init(_ secret: some Sequence<UInt8>) {
        code = HMAC<SHA256>.authenticationCode(for: Array(secret), using: Self.salt)
    }

    /// For tables: what takes its time over it knows nothing of the secret, only of a hash with an unknown salt.
    func hash(into hasher: inout Hasher) { code.withUnsafeBytes { hasher.combine(bytes: $0) } }

    static func == (left: SecretDigest, right: SecretDigest) -> Bool { left.matches(right) }

    func matches(_ other: SecretDigest) -> Bool { code == other.code }
}

/// Compares in a time that depends on the lengths only.
func constantTimeEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
