import CCrypt
import Crypto
import FoundationEssentials

/// A password as an htpasswd file has it, in the formats that the Collector's `basicauth` reads.
enum PasswordHash: Sendable, Equatable {
    /// What crypt(3) knows: bcrypt (`$2a$`, `$2b$`, `$2y$`), `$1$`, `$5$`, `$6$`.
    case crypt(String)
    case apr1(salt: [UInt8], hash: [UInt8])
    /// `{SHA}`, and `{SSHA}` with a salt.
    case sha1(salt: [UInt8], hash: [UInt8])
    case plain([UInt8])

    /// bcrypt costs twice as much time with each step; 12 are about a quarter of a second.
    static let maximumCost = 12
    static let maximumRounds = 100_000

    /// - Throws: what is wrong with it, without repeating it.
    init(_ text: String) throws(AuthenticationFileError) {
        if text.hasPrefix(MD5Crypt.apacheMark) {
            let parts = text.split(separator: "$", omittingEmptySubsequences: false)
            guard parts.count == 4, parts[3].utf8.count == 22 else { throw .init("a malformed $apr1$ hash") }
            self = .apr1(salt: Array(parts[2].utf8), hash: Array(parts[3].utf8))
        } else if text.hasPrefix("{SHA}") || text.hasPrefix("{SSHA}") {
            let name = text.prefix { $0 != "}" } + "}"
            let salted = name == "{SSHA}"
            guard let data = Data(base64Encoded: String(text.dropFirst(name.count))),
                salted ? data.count > 20 : data.count == 20
            else { throw .init("a malformed \(name) hash") }
            self = .sha1(salt: Array(data.dropFirst(20)), hash: Array(data.prefix(20)))
        } else if ["$2a$", "$2b$", "$2y$"].contains(where: text.hasPrefix) {
            guard let cost = Int(text.dropFirst(4).prefix(2)), text.utf8.count == 60 else {
                throw .init("a malformed bcrypt hash")
            }
            guard cost <= Self.maximumCost else {
                throw .init(
                    "a bcrypt hash of cost \(cost): at most \(Self.maximumCost) are allowed, as checks take long"
                )
            }
            self = .crypt(text)
        } else if ["$1$", "$5$", "$6$"].contains(where: text.hasPrefix) {
            if let start = text.firstRange(of: "$rounds=") {
                let rounds = Int(text[start.upperBound...].prefix { $0 != "$" }) ?? .max
                guard rounds <= Self.maximumRounds else {
                    throw .init("a hash of more than \(Self.maximumRounds) rounds")
                }
            }
            self = .crypt(text)
        } else if text.hasPrefix("$") || text.hasPrefix("{") {
            throw .init("a hash of unknown format: use bcrypt (htpasswd -B)")
        } else {
            self = .plain(Array(text.utf8))
        }
    }

    /// Slow by design for what crypt(3) does.
    func matches(_ password: [UInt8]) -> Bool {
        switch self {
        case .crypt(let setting):
            // For C the password would end there.
            guard !password.contains(0), let hash = Self.crypt(password, setting) else { return false }
            return constantTimeEqual(hash, Array(setting.utf8))
        case .apr1(let salt, let hash): return constantTimeEqual(MD5Crypt.hash(password, salt: salt), hash)
        case .sha1(let salt, let hash):
            return constantTimeEqual(Array(Insecure.SHA1.hash(data: password + salt)), hash)
        case .plain(let expected): return SecretDigest(expected).matches(SecretDigest(password))
        }
    }

    /// nil when crypt(3) does not know the format.
    private static func crypt(_ password: [UInt8], _ setting: String) -> [UInt8]? {
        let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        data.initialize(to: crypt_data())
        defer {
            data.deinitialize(count: 1)
            data.deallocate()
        }
        let phrase = password.map { CChar(bitPattern: $0) } + [0]
        // The result lies in `data`.
        guard let result = crypt_r(phrase, setting, data) else { return nil }
        let hash = String(cString: result)
        return hash.hasPrefix("*") ? nil : Array(hash.utf8)
    }
}

/// What is wrong with a file of credentials. Never contains a part of it.
struct AuthenticationFileError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
