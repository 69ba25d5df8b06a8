internal import FoundationEssentials

/// What a gateway has logged so far, and whether it has ended.
public struct GatewayLog: Sendable {
    /// A line in the console encoding: time, level, component, message and attributes, separated by tabs.
    public struct Line: Sendable, Equatable {
        /// As written.
        public let text: String
        /// `info`, `warn`, `error`; empty for lines that are no log messages.
        public let level: String
        public let component: String
        public let message: String
        /// Attributes with a text value.
        public let attributes: [String: String]

        init(_ text: String) {
            self.text = text
            let columns = text.split(separator: "\t", maxSplits: 4, omittingEmptySubsequences: false).map(String.init)
            guard columns.count >= 4 else {
                level = ""
                component = ""
                message = text
                attributes = [:]
                return
            }
            level = columns[1]
            component = columns[2]
            message = columns[3]
            let json = columns.count > 4 ? Data(columns[4].utf8) : Data()
            let texts = try? JSONDecoder().decode([String: TextOnly].self, from: json)
            attributes = texts?.compactMapValues(\.text) ?? [:]
        }
    }

    /// How a process ended.
    public enum Exit: Sendable, Equatable {
        case code(Int32)
        case signal(Int32)
    }

    public fileprivate(set) var lines: [Line] = []
    /// Nil as long as it runs.
    public internal(set) var exit: Exit?
    private var partial: [UInt8] = []

    init() {}

    /// All components have started.
    public var isReady: Bool { contains("Everything is ready") }

    public func contains(_ text: String) -> Bool { lines.contains { $0.text.contains(text) } }

    public var text: String { lines.map { $0.text + "\n" }.joined() }

    mutating func append(_ bytes: some Sequence<UInt8>) {
        partial += bytes
        while let end = partial.firstIndex(of: 0x0A) {
            lines.append(Line(String(decoding: partial[..<end], as: UTF8.self)))
            partial.removeSubrange(...end)
        }
    }

    /// The last line may lack its line feed.
    mutating func finish() {
        if !partial.isEmpty { append([0x0A]) }
    }

    private struct TextOnly: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            text = try? decoder.singleValueContainer().decode(String.self)
        }
    }
}
