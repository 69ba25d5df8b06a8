internal import OTLP

/// Draws waterfalls as lines of text.
///
/// Columns: service (where there is room), `!` for a failure, the name in its tree, the bar on the common time axis, duration, note. No line
/// is wider than `width`, trailing spaces are cut.
public struct TerminalRenderer: Sendable {
    /// Columns of the terminal; fewer than 60 are treated as 60.
    public var width: Int
    /// ANSI colours.
    public var color: Bool
    /// Box-drawing and block characters; else ASCII only, also in names.
    public var unicode: Bool

    public init(width: Int = 100, color: Bool = false, unicode: Bool = true) {
        self.width = width
        self.color = color
        self.unicode = unicode
    }

    /// Each trace under a line that names it, with an empty line between two traces.
    public func render(_ trees: [TraceTree]) -> String {
        trees.map { render(WaterfallLayout($0)) }.joined(separator: "\n")
    }

    /// One trace, every line ended by a line feed.
    public func render(_ layout: WaterfallLayout) -> String {
        let rows = layout.rows.map { RowText($0, glyphs: glyphs, ascii: !unicode) }
        let columns = Columns(rows, width: max(60, width))
        let axis = TimeAxis(duration: layout.duration)
        var lines = [title(layout), header(axis, columns)]
        for (row, text) in zip(layout.rows, rows) {
            lines.append(line(row, text, axis, columns))
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// What the bars mean.
    public var legend: String {
        "\(glyphs.injected) added by steptrace  \(glyphs.original) the sender's own  \(glyphs.folded) several, folded"
    }

    private var glyphs: Glyphs { unicode ? .unicode : .ascii }

    private func title(_ layout: WaterfallLayout) -> String {
        let spans = "\(layout.spanCount) span\(layout.spanCount == 1 ? "" : "s")"
        let trace = painted("Trace \(layout.traceID.hex)", .bold)
        return "\(trace)  \(DurationText.text(nanoseconds: layout.duration)), \(spans), \(layout.injectedCount) added"
    }

    /// The time axis: a label at each tick, the trace's duration at the right edge.
    private func header(_ axis: TimeAxis, _ columns: Columns) -> String {
        let last = DurationText.text(nanoseconds: axis.duration)
        var labels = ""
        for tick in axis.ticks(atMost: columns.chart / 12) {
            let label = DurationText.tick(nanoseconds: tick)
            let cell = axis.cell(of: tick, in: columns.chart)
            let room = columns.chart - last.count - 2
            guard cell >= labels.count, cell + label.count <= room else { continue }
            labels += String(repeating: " ", count: cell - labels.count) + label + " "
        }
        labels += String(repeating: " ", count: max(0, columns.chart - last.count - labels.count)) + last
        return String(repeating: " ", count: columns.chartStart + 1) + painted(labels, .dim)
    }

    private func line(_ row: WaterfallLayout.Row, _ text: RowText, _ axis: TimeAxis, _ columns: Columns) -> String {
        let isFolded = if case .folded = row.kind { true } else { false }
        let service = DisplayText.fitted(text.service, to: columns.service, ellipsis: glyphs.ellipsis)
        let name = DisplayText.fitted(text.name, to: columns.name, ellipsis: glyphs.ellipsis)
        let cells = axis.cells(from: row.start, to: row.end, in: columns.chart)
        let glyph =
            switch row.kind {
            case .injected: glyphs.injected
            case .original: glyphs.original
            case .folded: glyphs.folded
            }
        let style: Style = row.isFailed ? .red : row.kind == .injected ? .cyan : .dim
        let bar = painted(String(repeating: glyph, count: cells.count), style)
        let edge = painted(glyphs.edge, .dim)
        let chart =
            edge + String(repeating: " ", count: cells.lowerBound) + bar
            + String(repeating: " ", count: columns.chart - cells.upperBound) + edge

        var line = service.isEmpty ? "" : "\(painted(service, .dim))  "
        line += row.isFailed ? painted("!", .red) : " "
        line += " \(isFolded ? painted(name, .dim) : row.isFailed ? painted(name, .red) : name) \(chart)"
        var tail = DisplayText.rightAligned(text.duration, in: columns.duration)
        if columns.note > 0, !text.note.isEmpty {
            let note = DisplayText.fitted(text.note, to: columns.note, ellipsis: glyphs.ellipsis)
            tail += "  " + painted(note.trimmingTrailingSpaces(), row.isFailed ? .red : .dim)
        }
        if !(text.duration.isEmpty && text.note.isEmpty) { line += " " + tail }
        return line
    }

    private func painted(_ text: String, _ style: Style) -> String {
        color && !text.isEmpty ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }
}

/// Select Graphic Rendition parameters (ECMA-48, 8.3.117).
private enum Style: Int {
    case bold = 1
    case dim = 2
    case red = 31
    case cyan = 36
}

private struct Glyphs {
    let injected: String
    let original: String
    let folded: String
    let edge: String
    let ellipsis: String
    let foldMark: String
    /// A sibling follows further down; no sibling follows.
    let passing: (String, String)
    /// At the row itself.
    let branch: (String, String)

    static let unicode = Glyphs(
        injected: "\u{2588}",
        original: "\u{2592}",
        folded: "\u{2591}",
        edge: "\u{2502}",
        ellipsis: "\u{2026}",
        foldMark: "\u{2026} ",
        passing: ("\u{2502} ", "  "),
        branch: ("\u{251C} ", "\u{2514} ")
    )
    static let ascii = Glyphs(
        injected: "=",
        original: "-",
        folded: ".",
        edge: "|",
        ellipsis: "~",
        foldMark: "... ",
        passing: ("| ", "  "),
        branch: ("|-", "`-")
    )
}

/// The texts of a row, sanitised.
private struct RowText {
    let service: String
    let name: String
    let duration: String
    let note: String

    init(_ row: WaterfallLayout.Row, glyphs: Glyphs, ascii: Bool) {
        var tree = ""
        for (level, isFollowed) in row.guides.enumerated() {
            let pair = level == row.guides.count - 1 ? glyphs.branch : glyphs.passing
            tree += isFollowed ? pair.0 : pair.1
        }
        let isFolded = if case .folded = row.kind { true } else { false }
        service = DisplayText.sanitized(row.service, ascii: ascii)
        name = tree + (isFolded ? glyphs.foldMark : "") + DisplayText.sanitized(row.name, ascii: ascii)
        duration = isFolded ? "" : DurationText.text(nanoseconds: row.end - row.start)
        note = DisplayText.sanitized(row.note ?? "", ascii: ascii)
    }
}

/// How wide each column is. In total: service, 2, mark, 1, name, 1, edge, chart, edge, 1, duration, 2, note; without the
/// 2 where there is no service or no note.
private struct Columns {
    static let minChart = 16
    static let goodChart = 28

    let service: Int
    let name: Int
    let chart: Int
    let duration: Int
    let note: Int

    init(_ rows: [RowText], width: Int) {
        func widest(_ text: (RowText) -> String, atMost limit: Int) -> Int {
            min(limit, rows.map { DisplayText.width(text($0)) }.max() ?? 0)
        }
        var service = widest(\.service, atMost: width / 5)
        let duration = widest(\.duration, atMost: 16)
        var name = widest(\.name, atMost: width * 2 / 5)
        var note = widest(\.note, atMost: 32)
        func chart() -> Int {
            width - (service > 0 ? service + 2 : 0) - name - duration - (note > 0 ? note + 2 : 0) - 6
        }
        // The chart is what it is for: the service gives way first (bars tell whose a span is), then notes, then names.
        if chart() < Self.goodChart { service = 0 }
        if chart() < Self.minChart { note = max(0, note - (Self.minChart - chart())) }
        if note < 4 { note = 0 }
        if chart() < Self.minChart { name = max(8, name - (Self.minChart - chart())) }
        self.service = service
        self.name = name
        self.duration = duration
        self.note = note
        self.chart = max(4, chart())
    }

    /// The column of the chart's left edge.
    var chartStart: Int { (service > 0 ? service + 2 : 0) + name + 3 }
}

extension String {
    fileprivate func trimmingTrailingSpaces() -> String {
        var result = self[...]
        while result.last == " " { result.removeLast() }
        return String(result)
    }
}
