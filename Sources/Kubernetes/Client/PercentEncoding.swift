/// `name=value&...` with everything but RFC 3986's unreserved characters percent-encoded.
func queryString(_ items: [(name: String, value: String)]) -> String {
    items.map { percentEncoded($0.name) + "=" + percentEncoded($0.value) }.joined(separator: "&")
}

func percentEncoded(_ text: String) -> String {
    let digits = Array("0123456789ABCDEF")
    var result = ""
    for byte in text.utf8 {
        switch Unicode.Scalar(byte) {
        case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "_", "~":
            result.unicodeScalars.append(Unicode.Scalar(byte))
        default:
            result.append("%")
            result.append(digits[Int(byte >> 4)])
            result.append(digits[Int(byte & 15)])
        }
    }
    return result
}
