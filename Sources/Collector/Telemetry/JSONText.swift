import Logging

/// JSON for the attributes of log messages, with sorted keys.
enum JSONText {
    static func object(_ metadata: Logger.Metadata) -> String {
        "{\(members(metadata).joined(separator: ", "))}"
    }

    static func members(_ metadata: Logger.Metadata) -> [String] {
        metadata.sorted { $0.key < $1.key }.map { "\(string($0.key)): \(value($0.value))" }
    }

    static func value(_ value: Logger.MetadataValue) -> String {
        switch value {
        case .string(let text): string(text)
        case .stringConvertible(let number as any BinaryInteger): "\(number)"
        case .stringConvertible(let bool as Bool): "\(bool)"
        case .stringConvertible(let other): string(other.description)
        case .array(let elements): "[\(elements.map(Self.value).joined(separator: ", "))]"
        case .dictionary(let entries): object(entries)
        }
    }

    static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..<"\u{20}", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
