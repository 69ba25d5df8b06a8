/// Text from a trace made fit for a terminal: no control characters, measured and cut in columns.
enum DisplayText {
    /// Replaces what would move the cursor, colour the screen or break the line, and takes out what is invisible.
    ///
    /// - Parameter ascii: also replaces everything that is not ASCII.
    static func sanitized(_ text: String, ascii: Bool = false) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
                result.append(ascii ? "?" : "\u{FFFD}")
            case .format:
                continue
            default:
                result.append(ascii && !scalar.isASCII ? "?" : scalar)
            }
        }
        return String(result)
    }

    /// Columns that a terminal uses for `text`.
    static func width(_ text: String) -> Int {
        text.reduce(0) { $0 + width($1) }
    }

    private static func width(_ character: Character) -> Int {
        character.unicodeScalars.map(width).max() ?? 0
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return wide.contains { $0.contains(scalar.value) } ? 2 : 1
        }
    }

    /// The blocks that are wide as a whole (Unicode Standard Annex 11, East Asian Width W and F).
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
        0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]

    /// `text` in exactly `columns` columns: filled up with spaces, or cut with `ellipsis` (one column) at its end.
    static func fitted(_ text: String, to columns: Int, ellipsis: String) -> String {
        let full = width(text)
        guard full > columns else { return text + String(repeating: " ", count: columns - full) }
        guard columns > 0 else { return "" }
        var result = ""
        var used = 0
        for character in text {
            let next = width(character)
            guard used + next <= columns - 1 else { break }
            result.append(character)
            used += next
        }
        return result + ellipsis + String(repeating: " ", count: columns - 1 - used)
    }

    /// `text` against the right edge of `columns` columns, never cut.
    static func rightAligned(_ text: String, in columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - width(text))) + text
    }
}
