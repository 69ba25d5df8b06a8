internal import OTLP

/// Draws waterfalls as an SVG image that needs nothing else and follows the reader's light or dark colour scheme.
public struct SVGRenderer: Sendable {
    /// Pixels.
    public var width: Int

    public init(width: Int = 960) {
        self.width = max(480, width)
    }

    private static let rowHeight = 20
    private static let fontWidth = 7

    /// All traces below each other in one image.
    public func render(_ trees: [TraceTree]) -> String {
        let layouts = trees.map { WaterfallLayout($0) }
        var body: [String] = []
        var top = 8
        for layout in layouts {
            body += draw(layout, top: &top)
            top += Self.rowHeight
        }
        let size = "width=\"\(width)\" height=\"\(top)\" viewBox=\"0 0 \(width) \(top)\""
        let head = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) role=\"img\">",
            "<title>\(XML.escaped(title(layouts)))</title>",
            Self.style,
            "<rect class=\"background\" width=\"100%\" height=\"100%\"/>",
        ]
        return (head + body + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    private static let style = """
        <style>
        text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2328; }
        .background { fill: #ffffff; } .dim { fill: #656d76; } .title { font-weight: bold; }
        .failed-text { fill: #cf222e; } .grid { stroke: #d0d7de; stroke-width: 1; } .tree { stroke: #afb8c1; fill: none; }
        .injected { fill: #0969da; } .original { fill: #8c959f; } .folded { fill: #d0d7de; } .failed { fill: #cf222e; }
        @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3; } .background { fill: #0d1117; } .dim { fill: #8d96a0; }
        .failed-text { fill: #ff7b72; } .grid { stroke: #30363d; } .tree { stroke: #484f58; }
        .injected { fill: #2f81f7; } .original { fill: #6e7681; } .folded { fill: #30363d; } .failed { fill: #f85149; }
        }
        </style>
        """

    private func title(_ layouts: [WaterfallLayout]) -> String {
        layouts.map { "Trace \($0.traceID.hex)" }.joined(separator: ", ")
    }

    private func draw(_ layout: WaterfallLayout, top: inout Int) -> [String] {
        let labelWidth = width * 2 / 5
        let chart = Chart(
            left: labelWidth + 8,
            width: width - labelWidth - 8 - 64,
            axis: TimeAxis(duration: layout.duration)
        )
        let duration = DurationText.text(nanoseconds: layout.duration)
        var lines = [
            text(8, top + 14, "Trace \(layout.traceID.hex)", class: "title"),
            text(
                width - 8,
                top + 14,
                "\(duration), \(layout.spanCount) spans, \(layout.injectedCount) added",
                class: "dim",
                anchor: "end"
            ),
        ]
        top += Self.rowHeight
        let bottom = top + Self.rowHeight * (layout.rows.count + 1)
        for tick in chart.axis.ticks(atMost: chart.width / 80) {
            let x = chart.x(tick)
            lines.append(text(x, top + 14, DurationText.tick(nanoseconds: tick), class: "dim"))
            lines.append("<line class=\"grid\" x1=\"\(x)\" y1=\"\(top + 18)\" x2=\"\(x)\" y2=\"\(bottom)\"/>")
        }
        top += Self.rowHeight
        for row in layout.rows {
            lines += draw(row, chart, labelWidth: labelWidth, top: top)
            top += Self.rowHeight
        }
        return lines
    }

    private func draw(_ row: WaterfallLayout.Row, _ chart: Chart, labelWidth: Int, top: Int) -> [String] {
        let indent = 8 + 12 * row.guides.count
        let isFolded = if case .folded = row.kind { true } else { false }
        let name = (row.isFailed ? "! " : isFolded ? "\u{2026} " : "") + DisplayText.sanitized(row.name)
        let columns = max(4, (labelWidth - indent) / Self.fontWidth)
        let fitted = DisplayText.fitted(name, to: min(columns, DisplayText.width(name)), ellipsis: "\u{2026}")
        let barClass =
            switch row.kind {
            case .injected: row.isFailed ? "failed" : "injected"
            case .original: row.isFailed ? "failed" : "original"
            case .folded: "folded"
            }
        let left = chart.x(row.start)
        let right = max(chart.x(row.end), left + 2)
        var lines = tree(row.guides, top: top)
        lines.append(text(indent, top + 14, fitted, class: row.isFailed ? "failed-text" : isFolded ? "dim" : nil))
        lines.append(
            "<rect class=\"\(barClass)\" x=\"\(left)\" y=\"\(top + 4)\" width=\"\(right - left)\" height=\"12\" rx=\"2\">"
        )
        lines.append("<title>\(XML.escaped(DisplayText.sanitized(tooltip(row))))</title></rect>")
        if !isFolded {
            let label = [
                DurationText.text(nanoseconds: row.end - row.start), row.note.map { DisplayText.sanitized($0) },
            ]
            .compactMap { $0 }
            .joined(separator: "  ")
            // Behind the bar while there is room, else in front of it.
            let columns = DisplayText.width(label)
            let fits = right + 6 + columns * Self.fontWidth <= width
            let labelClass = row.isFailed ? "failed-text" : "dim"
            lines.append(
                fits
                    ? text(right + 6, top + 14, label, class: labelClass)
                    : text(left - 6, top + 14, label, class: labelClass, anchor: "end")
            )
        }
        return lines
    }

    /// The lines from the parent down to this row, and past it where siblings follow.
    private func tree(_ guides: [Bool], top: Int) -> [String] {
        guides.enumerated().compactMap { level, isFollowed in
            let x = 12 + 12 * level
            let middle = top + Self.rowHeight / 2
            let isOwn = level == guides.count - 1
            guard isOwn || isFollowed else { return nil }
            let down = "M\(x) \(top)V\(isFollowed ? top + Self.rowHeight : middle)"
            return "<path class=\"tree\" d=\"\(down)\(isOwn ? "M\(x) \(middle)H\(x + 6)" : "")\"/>"
        }
    }

    private func tooltip(_ row: WaterfallLayout.Row) -> String {
        let times =
            "\(DurationText.text(nanoseconds: row.start)) + \(DurationText.text(nanoseconds: row.end - row.start))"
        return "\(row.service) \(row.name): \(times)\(row.note.map { ", \($0)" } ?? "")"
    }

    private func text(_ x: Int, _ y: Int, _ text: String, class: String?, anchor: String? = nil) -> String {
        let attributes = `class`.map { " class=\"\($0)\"" } ?? ""
        let anchored = anchor.map { " text-anchor=\"\($0)\"" } ?? ""
        return "<text x=\"\(x)\" y=\"\(y)\"\(attributes)\(anchored)>\(XML.escaped(text))</text>"
    }
}

private struct Chart {
    let left: Int
    let width: Int
    let axis: TimeAxis

    func x(_ offset: UInt64) -> Int { left + axis.cell(of: offset, in: width) }
}

/// Text inside of XML elements and attributes.
private enum XML {
    static func escaped(_ text: String) -> String {
        // By scalar, not by character: a combining mark behind a "<" must not hide it.
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result.append(contentsOf: "&amp;".unicodeScalars)
            case "<": result.append(contentsOf: "&lt;".unicodeScalars)
            case ">": result.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
            case "'": result.append(contentsOf: "&#39;".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
