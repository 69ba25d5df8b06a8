/// A strict reader of HTML as plain as a program writes it: every element is closed where it should be, every attribute is
/// quoted, and what is text is escaped. Anything else is an error.
package struct HTMLDocument {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Elements that have no end (HTML Standard, "Void elements").
    private static let void: Set<String> = ["br", "hr", "img", "input", "link", "meta"]
    private static let entities = ["&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": "\"", "&#39;": "'"]

    package private(set) var title = ""
    package private(set) var headings: [String] = []
    /// Of links.
    package private(set) var targets: [String] = []
    /// The cells of all rows of all tables, heads included.
    package private(set) var rows: [[String]] = []
    /// The names of all elements.
    package private(set) var elements: Set<String> = []
    private var open: [String] = []

    package init(_ text: String) throws {
        let doctype = "<!DOCTYPE html>\n"
        guard text.hasPrefix(doctype) else { throw Failure(description: "no doctype") }
        var rest = text.dropFirst(doctype.count)
        while let next = rest.first {
            if next == "<" {
                guard let end = rest.firstIndex(of: ">") else { throw Failure(description: "a tag without end") }
                try read(tag: rest[rest.index(after: rest.startIndex)..<end])
                rest = rest[rest.index(after: end)...]
            } else {
                let piece = rest.prefix { $0 != "<" }
                try read(text: piece)
                rest = rest.dropFirst(piece.count)
            }
        }
        guard open.isEmpty, elements.isSuperset(of: ["html", "head", "title", "body"]) else {
            throw Failure(description: "not a whole document: \(open) open")
        }
    }

    private mutating func read(tag: Substring) throws {
        if tag.first == "/" {
            guard open.last == String(tag.dropFirst()) else { throw Failure(description: "<\(tag)> within \(open)") }
            open.removeLast()
            return
        }
        let name = tag.prefix { $0.isASCII && ($0.isLowercase || $0.isNumber) }
        guard !name.isEmpty else { throw Failure(description: "<\(tag)>") }
        var attributes = tag.dropFirst(name.count)
        while !attributes.isEmpty {
            guard let match = attributes.prefixMatch(of: /\ ([a-z-]+)="([^"<]*)"/) else {
                throw Failure(description: "<\(tag)>")
            }
            let value = try Self.unescaped(match.2)
            if name == "a", match.1 == "href" { targets.append(value) }
            attributes = attributes[match.range.upperBound...]
        }
        elements.insert(String(name))
        if Self.void.contains(String(name)) { return }
        let parents: [Substring: Set<String>] = [
            "tr": ["table", "thead", "tbody"], "td": ["tr"], "th": ["tr"], "li": ["ul", "ol"], "body": ["html"],
        ]
        if let allowed = parents[name] {
            guard let parent = open.last, allowed.contains(parent) else {
                throw Failure(description: "<\(name)> within \(open)")
            }
        }
        open.append(String(name))
        switch name {
        case "tr": rows.append([])
        case "td", "th": rows[rows.count - 1].append("")
        case "h1", "h2": headings.append("")
        default: break
        }
    }

    private mutating func read(text: Substring) throws {
        guard let element = open.last else {
            if text.allSatisfy(\.isWhitespace) { return }
            throw Failure(description: "text outside of everything: \(text)")
        }
        if element == "style" { return }
        let text = try Self.unescaped(text)
        switch element {
        case "td", "th": rows[rows.count - 1][rows[rows.count - 1].count - 1] += text
        case "h1", "h2": headings[headings.count - 1] += text
        case "title": title += text
        case "table", "tr", "ul", "html", "head":
            if !text.allSatisfy(\.isWhitespace) { throw Failure(description: "\(text) within \(open)") }
        default: break
        }
    }

    private static func unescaped(_ text: Substring) throws -> String {
        var result = ""
        var rest = text
        while let mark = rest.firstIndex(of: "&") {
            result += rest[..<mark]
            rest = rest[mark...]
            guard let (entity, character) = entities.first(where: { rest.hasPrefix($0.key) }) else {
                throw Failure(description: "not escaped: \(rest.prefix(20))")
            }
            result += character
            rest = rest.dropFirst(entity.count)
        }
        result += rest
        for scalar in result.unicodeScalars where scalar.value < 0x20 || scalar.value == 0x7F {
            guard "\n\r\t".unicodeScalars.contains(scalar) else {
                throw Failure(description: "character \(scalar.value)")
            }
        }
        return result
    }
}
