import Yams

extension Node {
    /// The same as JSON, as the API server would send it.
    var json: [UInt8] {
        var text = ""
        write(to: &text)
        return Array(text.utf8)
    }

    private func write(to text: inout String) {
        switch self {
        case .scalar(let scalar): text += scalar.json
        case .alias: text += "null"
        case .sequence(let sequence):
            text += "["
            for (index, element) in sequence.enumerated() {
                if index > 0 { text += "," }
                element.write(to: &text)
            }
            text += "]"
        case .mapping(let mapping):
            text += "{"
            for (index, (key, value)) in mapping.enumerated() {
                if index > 0 { text += "," }
                text += "\(Scalar(key.string ?? "", .implicit, .doubleQuoted).json):"
                value.write(to: &text)
            }
            text += "}"
        }
    }
}

extension Node.Scalar {
    /// Only what is written without quotes can be something else than a string.
    fileprivate var json: String {
        if style == .plain {
            if ["", "~", "null", "Null", "NULL"].contains(string) { return "null" }
            if ["true", "false"].contains(string) || Int(string).map(String.init) == string { return string }
        }
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}
