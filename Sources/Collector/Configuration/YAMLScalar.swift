/// Types of scalars by the core schema of YAML 1.2 (section 10.3.2).
enum YAMLScalar {
    /// The value of a scalar with `tag`; quoted scalars have the tag of strings, plain ones none.
    static func value(of text: String, tag: String) -> ConfigNode.Value {
        switch tag {
        case "", "tag:yaml.org,2002:null", "tag:yaml.org,2002:bool", "tag:yaml.org,2002:int",
            "tag:yaml.org,2002:float":
            plainValue(of: text)
        default: .string(text)
        }
    }

    /// The value of a plain scalar.
    static func plainValue(of text: String) -> ConfigNode.Value {
        switch text {
        case "", "~", "null", "Null", "NULL": .null
        case "true", "True", "TRUE": .bool(true)
        case "false", "False", "FALSE": .bool(false)
        default: number(text) ?? .string(text)
        }
    }

    private static func number(_ text: String) -> ConfigNode.Value? {
        if text.hasPrefix("0x") { return Int(text.dropFirst(2), radix: 16).map { .int($0) } }
        if text.hasPrefix("0o") { return Int(text.dropFirst(2), radix: 8).map { .int($0) } }
        let unsigned = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
        if [".inf", ".Inf", ".INF"].contains(unsigned) { return .double(text.first == "-" ? -.infinity : .infinity) }
        if [".nan", ".NaN", ".NAN"].contains(text) { return .double(.nan) }
        if !unsigned.isEmpty, unsigned.allSatisfy(\.isASCIIDigit) {
            return Int(text).map { .int($0) } ?? Double(text).map { .double($0) }
        }
        return isFloat(unsigned) ? Double(text).map { .double($0) } : nil
    }

    /// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
    private static func isFloat(_ text: Substring) -> Bool {
        var rest = text.drop(while: \.isASCIIDigit)
        let whole = text.count - rest.count
        if rest.first == "." {
            let fraction = rest.dropFirst().prefix(while: \.isASCIIDigit)
            guard whole + fraction.count > 0 else { return false }
            rest = rest.dropFirst(1 + fraction.count)
        } else if whole == 0 {
            return false
        }
        guard let exponent = rest.first else { return true }
        guard exponent == "e" || exponent == "E" else { return false }
        rest = rest.dropFirst()
        if rest.first == "-" || rest.first == "+" { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy(\.isASCIIDigit)
    }

}
