import Collector

/// Tables as HTML. Whatever comes in is text and is escaped.
enum ZPagesHTML {
    /// Links to all pages.
    static func index(_ pages: [String]) -> String {
        let links = pages.map { "<li><a href=\"\(ZPagesExtension.prefix)\(escaped($0))\">\(escaped($0))</a></li>" }
        return document("zpages", "<ul>\n\(links.joined(separator: "\n"))\n</ul>\n")
    }

    static func page(_ name: String, _ tables: [InspectionTable], _ request: InspectionRequest) -> String {
        var body = "<p><a href=\"\(ZPagesExtension.prefix)\">All pages</a></p>\n"
        for table in tables { body += html(table, request) }
        let total = tables.map(\.total).max() ?? 0
        var links: [String] = []
        if request.offset > 0 { links.append(link("Previous", max(0, request.offset - request.limit))) }
        if request.offset + request.limit < total { links.append(link("Next", request.offset + request.limit)) }
        if !links.isEmpty { body += "<p>\(links.joined(separator: " "))</p>\n" }
        return document(name, body)
    }

    private static func link(_ text: String, _ offset: Int) -> String { "<a href=\"?offset=\(offset)\">\(text)</a>" }

    private static func html(_ table: InspectionTable, _ request: InspectionRequest) -> String {
        var text = "<h2>\(escaped(table.title))</h2>\n"
        if table.total > table.rows.count {
            let first = table.rows.isEmpty ? 0 : request.offset + 1
            text += "<p>\(first) to \(request.offset + table.rows.count) of \(table.total)</p>\n"
        }
        guard !table.rows.isEmpty else { return text + "<p>None.</p>\n" }
        text += "<table>\n<tr>\(table.columns.map { "<th scope=\"col\">\(escaped($0))</th>" }.joined())</tr>\n"
        for row in table.rows { text += "<tr>\(row.map { "<td>\(escaped($0))</td>" }.joined())</tr>\n" }
        return text + "</table>\n"
    }

    private static func document(_ title: String, _ body: String) -> String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <title>\(escaped(title)) - \(BuildInfo.command)</title>
        <style>
        body { font: 14px/1.4 sans-serif; margin: 1.5em; color: #222 }
        table { border-collapse: collapse }
        th, td { border: 1px solid #ccc; padding: .25em .6em; text-align: left; vertical-align: top }
        th { background: #f0f0f0 }
        </style>
        </head>
        <body>
        <h1>\(escaped(title))</h1>
        \(body)</body>
        </html>

        """
    }

    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // Not allowed in HTML.
            case "\u{0}"..<"\u{9}", "\u{E}"..<"\u{20}", "\u{7F}": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
