import Collector

/// The users of an htpasswd file and how far their passwords are known.
///
/// A check takes the same time whether there is the user or not: for a stranger the password is compared with somebody
/// else's. What was found out is remembered, so that a sender pays for a slow hash once: for each user the password that
/// was right, and a few wrong logins.
struct Htpasswd: Sendable {
    private let users: [String: PasswordHash]
    /// What strangers' passwords are compared with.
    private let decoy: PasswordHash?
    private var verified: [String: SecretDigest] = [:]
    private var refused: [SecretDigest] = []
    private var oldestRefused = 0

    private static let maximumRefused = 64
    static let maximumPasswordBytes = 1024

    /// - Parameter text: `user:hash` lines; empty ones and those that begin with `#` count for nothing. Of a user that
    ///   is there twice the last line counts, as in the Collector.
    init(_ text: String) throws(AuthenticationFileError) {
        var users: [String: PasswordHash] = [:]
        var slowest: PasswordHash?
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = line.trimmingSpaces
            if line.isEmpty || line.hasPrefix("#") { continue }
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else {
                throw AuthenticationFileError("line \(index + 1): expected user:hash")
            }
            let user = String(line[..<colon])
            let hash: PasswordHash
            do {
                hash = try PasswordHash(String(line[line.index(after: colon)...]))
            } catch {
                throw AuthenticationFileError("line \(index + 1): \(error)")
            }
            users[user] = hash
            if slowest.map({ hash.slowness > $0.slowness }) ?? true { slowest = hash }
        }
        self.users = users
        decoy = slowest
    }

    var userCount: Int { users.count }

    /// Takes over what another table knows of users who have the same passwords here.
    mutating func keep(_ old: Htpasswd) {
        verified = old.verified.filter { users[$0.key] != nil && users[$0.key] == old.users[$0.key] }
    }

    /// Whether a check takes no longer than an event loop can wait.
    func isQuick(_ login: BasicCredentials) -> Bool {
        guard let hash = users[login.user] ?? decoy else { return true }
        return hash.slowness <= PasswordHash.quick
    }

    /// What is remembered of a login; nil when its password has to be checked.
    func known(_ login: BasicCredentials) -> Bool? {
        if let digest = verified[login.user] {
            if digest.matches(login.digest) { return true }
        }
        // All of them, whatever is found.
        let wasRefused = refused.reduce(false) { $1.matches(login.digest) || $0 }
        return wasRefused ? false : nil
    }

    /// Checks the password; slow.
    func check(_ login: BasicCredentials) -> Bool {
        guard let hash = users[login.user] ?? decoy, login.password.count <= Self.maximumPasswordBytes else {
            return false
        }
        return hash.matches(login.password) && users[login.user] != nil
    }

    mutating func remember(_ login: BasicCredentials, isRight: Bool) {
        if isRight {
            verified[login.user] = login.digest
        } else if refused.count < Self.maximumRefused {
            refused.append(login.digest)
        } else {
            refused[oldestRefused] = login.digest
            oldestRefused = (oldestRefused + 1) % Self.maximumRefused
        }
    }
}

/// User and password of a request.
struct BasicCredentials: Sendable {
    let user: String
    let password: [UInt8]
    let digest: SecretDigest

    init(user: String, password: [UInt8]) {
        self.user = user
        self.password = password
        digest = SecretDigest(Array(user.utf8) + [0x3A] + password)
    }
}

extension PasswordHash {
    /// The slowness of what takes microseconds.
    fileprivate static let quick = 1

    /// An order by the time that a check takes.
    fileprivate var slowness: Int {
        switch self {
        case .plain: 0
        case .sha1: 1
        case .apr1: 2
        case .crypt(let setting): setting.hasPrefix("$2") ? 100 + (Int(setting.dropFirst(4).prefix(2)) ?? 0) : 3
        }
    }
}

extension StringProtocol {
    /// Without spaces, tabs and carriage returns around it.
    var trimmingSpaces: String {
        let isBlank = { (character: Character) in character == " " || character == "\t" || character.isNewline }
        var text = self[...]
        while let first = text.first, isBlank(first) { text.removeFirst() }
        while let last = text.last, isBlank(last) { text.removeLast() }
        return String(text)
    }
}
