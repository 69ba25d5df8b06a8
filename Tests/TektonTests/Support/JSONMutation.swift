import TestSupport

/// Changes JSON texts at random, so that they stay JSON mostly.
struct JSONMutation {
    private var generator: SeededGenerator

    private static let values = [
        "null", "true", "3", "-0", "1.0", "1.5", "1e2", "1e400", "01", "9223372036854775808", "123456789012345678901",
        "\"\"", "\"x\"", "{}", "[]", "[null]", "{\"name\":null}", "{\"name\":\"n\"}", "[{}]", "[[]]",
        #""\ud83d\ude00""#, #""\ud83d""#, #""\ude00x""#, #""\u0000""#, #""\x""#, #""\u12""#, #""\u00e9\/\b\f\n\r\t""#,
        "\"2026-11-23T08:26:43Z\"", "\"0001-01-01T00:00:00Z\"", "\"yesterday\"", #""2026-11-23T08:26:43\u005a""#,
        "\"\u{e9}\u{1F600}\"", #""[{\"key\":\"StartedAt\",\"value\":\"2026-11-23T08:26:43.123Z\",\"type\":3}]""#,
        #""[{\"key\":\"ExitCode\",\"value\":\"3\",\"type\":\"InternalTektonResult\"},{\"key\":1}]""#, "nul", "tru", "-",
        "+1",
    ]

    init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    /// One of the texts, changed in one to three places.
    mutating func mutated(_ texts: [[UInt8]]) -> [UInt8] {
        guard var text = texts.randomElement(using: &generator) else { return [] }
        for _ in 0..<Int.random(in: 1...3, using: &generator) where !text.isEmpty {
            switch Int.random(in: 0..<10, using: &generator) {
            case 0: text[place(text)] = UInt8.random(in: .min ... .max, using: &generator)
            case 1: text.insert(UInt8.random(in: .min ... .max, using: &generator), at: place(text))
            case 2: text.remove(at: place(text))
            case 3 where Int.random(in: 0..<4, using: &generator) == 0: text.removeLast(text.count - place(text))
            case 4: escapeOne(&text)
            case 5: nest(&text)
            case 6: repeatKey(&text)
            default: replaceValue(&text)
            }
        }
        return text
    }

    private mutating func place(_ text: [UInt8]) -> Int { Int.random(in: 0..<text.count, using: &generator) }

    /// A character between letters becomes its escape.
    private mutating func escapeOne(_ text: inout [UInt8]) {
        let index = place(text)
        guard (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(text[index]) else { return }
        let digits = String(text[index], radix: 16)
        text.replaceSubrange(index...index, with: Array("\\u00\(digits)".utf8))
    }

    /// White space, or an object around a value.
    private mutating func nest(_ text: inout [UInt8]) {
        guard let value = value(in: text) else { return }
        let around = [(" \n", "\t\r "), ("[", "]"), ("{\"a\":", "}")].randomElement(using: &generator) ?? ("", "")
        text.replaceSubrange(value, with: Array(around.0.utf8) + text[value] + Array(around.1.utf8))
    }

    /// A key comes twice, with different values.
    private mutating func repeatKey(_ text: inout [UInt8]) {
        guard let value = value(in: text),
            let quote = text[..<(value.lowerBound - 2)].lastIndex(of: UInt8(ascii: "\""))
        else { return }
        let key = text[quote..<value.lowerBound]
        let other = Array((Self.values.randomElement(using: &generator) ?? "").utf8)
        text.insert(contentsOf: key + other + [UInt8(ascii: ",")], at: quote)
    }

    private mutating func replaceValue(_ text: inout [UInt8]) {
        guard let value = value(in: text) else { return }
        text.replaceSubrange(value, with: Array((Self.values.randomElement(using: &generator) ?? "").utf8))
    }

    /// A scalar, or the empty range before an object or array, that follows a colon somewhere.
    private mutating func value(in text: [UInt8]) -> Range<Int>? {
        guard let colon = text[place(text)...].firstIndex(of: UInt8(ascii: ":")), colon >= 3, colon + 1 < text.count
        else {
            return nil
        }
        let start = colon + 1
        var end = start
        var isInString = false
        while end < text.count {
            let byte = text[end]
            if byte == UInt8(ascii: "\"") { isInString.toggle() }
            if !isInString, [UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]")].contains(byte) { break }
            if !isInString, byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                // The whole of it, as far as brackets in strings allow.
                var depth = 0
                while end < text.count {
                    if text[end] == UInt8(ascii: "{") || text[end] == UInt8(ascii: "[") { depth += 1 }
                    if text[end] == UInt8(ascii: "}") || text[end] == UInt8(ascii: "]") { depth -= 1 }
                    end += 1
                    if depth == 0 { break }
                }
                break
            }
            end += 1
        }
        return start..<end
    }
}
