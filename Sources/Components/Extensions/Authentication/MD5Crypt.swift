import Crypto

/// The MD5-based hash of Apache's htpasswd (`$apr1$`): FreeBSD's md5crypt with another mark.
enum MD5Crypt {
    static let apacheMark = "$apr1$"
    private static let alphabet = Array("./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    /// The 22 characters behind the last `$`.
    ///
    /// - Parameter salt: at most 8 bytes count.
    static func hash(_ password: [UInt8], salt: some Sequence<UInt8>, mark: String = apacheMark) -> [UInt8] {
        let salt = Array(salt.prefix(8))
        var sum = md5(password + salt + password)
        var bytes = password + Array(mark.utf8) + salt
        for start in stride(from: 0, to: password.count, by: 16) { bytes += sum.prefix(password.count - start) }
        var length = password.count
        while length > 0 {
            bytes.append(length & 1 == 1 ? 0 : password[0])
            length >>= 1
        }
        sum = md5(bytes)
        for round in 0..<1000 {
            bytes.removeAll(keepingCapacity: true)
            bytes += round & 1 == 1 ? password : sum
            if round % 3 != 0 { bytes += salt }
            if round % 7 != 0 { bytes += password }
            bytes += round & 1 == 1 ? sum : password
            sum = md5(bytes)
        }
        var text: [UInt8] = []
        for (high, middle, low) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)] {
            encode(Int(sum[high]) << 16 | Int(sum[middle]) << 8 | Int(sum[low]), 4, &text)
        }
        encode(Int(sum[11]), 2, &text)
        return text
    }

    private static func md5(_ bytes: [UInt8]) -> [UInt8] { Array(Insecure.MD5.hash(data: bytes)) }

    private static func encode(_ value: Int, _ count: Int, _ text: inout [UInt8]) {
        for place in 0..<count { text.append(alphabet[value >> (6 * place) & 0x3F]) }
    }
}
