/// Label selectors as the API server reads them (apimachinery's pkg/labels/selector.go).
public enum LabelSelector {
    /// What is wrong with a selector, in words that follow its text; nil for a good one. The empty one selects everything.
    public static func problem(in text: String) -> String? {
        guard !trimmed(text).isEmpty else { return nil }
        guard let requirements = requirements(of: text) else { return "parentheses do not match" }
        for requirement in requirements {
            if let problem = problem(inRequirement: requirement) { return problem }
        }
        return nil
    }

    /// What stands between the commas outside of parentheses; nil when those do not match.
    private static func requirements(of text: String) -> [Substring]? {
        var requirements: [Substring] = []
        var start = text.startIndex
        var isInside = false
        for index in text.indices {
            switch text[index] {
            case "(":
                if isInside { return nil }
                isInside = true
            case ")":
                if !isInside { return nil }
                isInside = false
            case "," where !isInside:
                requirements.append(text[start..<index])
                start = text.index(after: index)
            default: break
            }
        }
        return isInside ? nil : requirements + [text[start...]]
    }

    private static func problem(inRequirement text: Substring) -> String? {
        let text = trimmed(text)
        guard !text.isEmpty else { return "there is nothing before or behind a comma" }
        if text.first == "!" { return problem(inKey: trimmed(text.dropFirst())) }
        if let open = text.firstIndex(of: "(") {
            let words = text[..<open].split(whereSeparator: \.isWhitespace)
            guard words.count == 2, words[1] == "in" || words[1] == "notin", text.last == ")" else {
                return "\"\(text)\" is not \"key in (values)\" or \"key notin (values)\""
            }
            let values = text[text.index(after: open)...].dropLast().split(
                separator: ",",
                omittingEmptySubsequences: false
            )
            return problem(inKey: words[0]) ?? values.lazy.compactMap { problem(inValue: trimmed($0)) }.first
        }
        for sign in ["!=", "==", "=", ">", "<"] {
            guard let range = text.firstRange(of: sign) else { continue }
            let value = trimmed(text[range.upperBound...])
            if sign == ">" || sign == "<", Int(value) == nil { return "\"\(value)\" is not a whole number" }
            return problem(inKey: trimmed(text[..<range.lowerBound])) ?? problem(inValue: value)
        }
        return problem(inKey: text)
    }

    private static func problem(inKey key: Substring) -> String? {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        let isName = parts.count <= 2 && parts.last.map { !$0.isEmpty && isQualified($0) } ?? false
        let hasPrefix = parts.count < 2 || (parts[0].utf8.count <= 253 && isSubdomain(parts[0]))
        return isName && hasPrefix ? nil : "\"\(key)\" is not a label's key"
    }

    private static func problem(inValue value: Substring) -> String? {
        value.isEmpty || isQualified(value) ? nil : "\"\(value)\" is not a label's value"
    }

    /// Letters, digits, `-`, `_` and `.`, the first and the last a letter or digit; 63 at the most.
    private static func isQualified(_ text: Substring) -> Bool {
        guard text.utf8.count <= 63, let first = text.utf8.first, let last = text.utf8.last else { return false }
        let isInner = text.utf8.allSatisfy { isAlphanumeric($0) || [0x2D, 0x5F, 0x2E].contains($0) }
        return isInner && isAlphanumeric(first) && isAlphanumeric(last)
    }

    /// RFC 1123: labels of lower-case letters, digits and `-`, with dots between them.
    private static func isSubdomain(_ text: Substring) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isDNSLabel)
    }

    /// Whether a text is an RFC 1123 label, such as the name of a namespace.
    public static func isDNSLabel(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard bytes.count <= 63, let first = bytes.first, let last = bytes.last else { return false }
        let isLower = bytes.allSatisfy { $0 == 0x2D || (isAlphanumeric($0) && !(0x41...0x5A).contains($0)) }
        return isLower && first != 0x2D && last != 0x2D
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }

    private static func trimmed(_ text: some StringProtocol) -> Substring {
        let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
        let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? start
        return Substring(text[start..<end])
    }
}
