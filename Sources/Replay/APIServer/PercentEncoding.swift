/// Percent-encoding (RFC 3986, section 2.1).
enum PercentEncoding {
    /// A `%` that two hex digits do not follow stays as it is.
    static func decoded(_ text: some Sequence<Character>) -> String {
        let bytes = Array(String(text).utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let byte = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                result.append(byte)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
