/// The headers of an answer: as they came until somebody asks for them, which for most answers nobody does.
enum HeaderFields: Sendable {
    case parsed([(name: String, value: String)])
    /// The status line and the header lines with their line ends.
    case raw([UInt8])

    var list: [(name: String, value: String)] {
        switch self {
        case .parsed(let list): list
        case .raw(let bytes): Self.parse(bytes)
        }
    }

    /// Lines without a colon (the status line, the empty line) are left out.
    private static func parse(_ bytes: [UInt8]) -> [(name: String, value: String)] {
        bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
                !line.starts(with: "HTTP/".utf8)
            else { return nil }
            return (
                name: String(decoding: line[..<colon], as: UTF8.self),
                value: String(decoding: line[(colon + 1)...].trimmingSpace, as: UTF8.self)
            )
        }
    }
}

extension [(name: String, value: String)] {
    /// The first value under that name, in any case (RFC 9110, 5.1).
    func firstValue(of name: String) -> String? {
        first { $0.name.equalsIgnoringASCIICase(name) }?.value
    }
}

extension String {
    func equalsIgnoringASCIICase(_ other: String) -> Bool {
        utf8.elementsEqual(other.utf8) { $0.asciiLowercased == $1.asciiLowercased }
    }
}

extension ArraySlice<UInt8> {
    fileprivate var trimmingSpace: ArraySlice<UInt8> {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else {
            return []
        }
        return self[first...last]
    }
}

extension UInt8 {
    fileprivate var asciiLowercased: UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self) ? self | 0x20 : self
    }
}
