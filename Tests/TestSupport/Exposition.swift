/// A strict reader of Prometheus' text format 0.0.4, and of OpenMetrics where the text ends with `# EOF`.
///
/// Whatever the formats forbid is an error: names and escapes that are not valid, samples without or apart from their
/// family, repeated series, histograms that are not cumulative.
package struct Exposition {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    package struct Family: Equatable {
        package var help: String?
        package var type: String
        package var samples: [Sample] = []
    }

    package struct Sample: Equatable {
        package let name: String
        package let labels: [String: String]
        package let value: Double
    }

    package private(set) var families: [String: Family] = [:]
    /// Names of the families in their order.
    package private(set) var names: [String] = []
    private var isOpenMetrics: Bool

    package init(_ text: String) throws {
        guard text.last == "\n" else { throw Failure(description: "no line end at the end") }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        isOpenMetrics = lines.last == "# EOF"
        if isOpenMetrics { lines = lines.dropLast() }
        for line in lines {
            do {
                try read(line)
            } catch {
                throw Failure(description: "\(error): \(line)")
            }
        }
        for (name, family) in families { try check(name, family) }
    }

    /// The value of a series; nil when there is none.
    package subscript(_ name: String, _ labels: [String: String] = [:]) -> Double? {
        for family in families.values {
            if let sample = family.samples.first(where: { $0.name == name && $0.labels == labels }) {
                return sample.value
            }
        }
        return nil
    }

    /// All series whose labels have these among them, added up.
    package func sum(_ name: String, _ labels: [String: String] = [:]) -> Double {
        families.values.flatMap(\.samples).filter { sample in
            sample.name == name && labels.allSatisfy { sample.labels[$0.key] == $0.value }
        }.reduce(0) { $0 + $1.value }
    }

    private mutating func read(_ line: Substring) throws {
        if line.isEmpty { throw Failure(description: "empty line") }
        if line.hasPrefix("#") {
            let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 4, parts[0] == "#", Self.isName(parts[2]) else {
                throw Failure(description: "bad comment")
            }
            let name = parts[2]
            switch parts[1] {
            case "HELP":
                guard families[name] == nil else { throw Failure(description: "HELP twice or late") }
                families[name] = Family(help: try unescaped(parts[3], quotes: isOpenMetrics), type: "")
                names.append(name)
            case "TYPE":
                let types = ["counter", "gauge", "histogram"] + (isOpenMetrics ? ["unknown", "info"] : ["untyped"])
                guard types.contains(parts[3]) else { throw Failure(description: "bad type") }
                if families[name] == nil {
                    families[name] = Family(type: parts[3])
                    names.append(name)
                } else {
                    guard names.last == name, families[name]?.type == "" else {
                        throw Failure(description: "TYPE twice or late")
                    }
                    families[name]?.type = parts[3]
                }
            case "UNIT" where isOpenMetrics:
                guard names.last == name, name.hasSuffix("_\(parts[3])") else {
                    throw Failure(description: "bad unit")
                }
            default: throw Failure(description: "unknown comment")
            }
            return
        }
        let sample = try Self.sample(line)
        guard let family = names.last,
            suffixes(of: families[family]?.type ?? "").contains(where: { family + $0 == sample.name })
        else { throw Failure(description: "a sample outside of its family") }
        guard
            families[family]?.samples.contains(where: { $0.name == sample.name && $0.labels == sample.labels }) == false
        else { throw Failure(description: "a series twice") }
        families[family]?.samples.append(sample)
    }

    private func suffixes(of type: String) -> [String] {
        switch type {
        case "histogram": ["_bucket", "_sum", "_count"]
        case "counter": isOpenMetrics ? ["_total"] : [""]
        case "info": ["_info"]
        default: [""]
        }
    }

    private func check(_ name: String, _ family: Family) throws {
        guard !family.type.isEmpty, !family.samples.isEmpty else { throw Failure(description: "\(name) is empty") }
        if family.type == "counter" {
            guard family.samples.allSatisfy({ $0.value >= 0 }) else {
                throw Failure(description: "\(name) is negative")
            }
        }
        guard family.type == "histogram" else { return }
        var series: [[String: String]: [Sample]] = [:]
        for sample in family.samples {
            series[sample.labels.filter { $0.key != "le" }, default: []].append(sample)
        }
        for (labels, samples) in series {
            let buckets = samples.filter { $0.name == "\(name)_bucket" }
            let bounds = buckets.compactMap { $0.labels["le"] }.compactMap { $0 == "+Inf" ? .infinity : Double($0) }
            let counts = buckets.map(\.value)
            guard bounds.count == buckets.count, bounds.last == .infinity, bounds == bounds.sorted(),
                Set(bounds).count == bounds.count, counts == counts.sorted(),
                samples.first(where: { $0.name == "\(name)_count" })?.value == counts.last,
                samples.contains(where: { $0.name == "\(name)_sum" })
            else { throw Failure(description: "\(name)\(labels) is no histogram") }
        }
    }

    private static func isName(_ name: some StringProtocol) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == 0x5F || byte == 0x3A
        }
    }

    private static func sample(_ line: Substring) throws -> Sample {
        var rest = line[...]
        let name = rest.prefix { $0 != "{" && $0 != " " }
        guard isName(name) else { throw Failure(description: "bad name") }
        rest = rest.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while true {
                let label = rest.prefix { $0 != "=" }
                guard isName(label), !label.contains(":") else { throw Failure(description: "bad label name") }
                rest = rest.dropFirst(label.count)
                guard rest.hasPrefix("=\"") else { throw Failure(description: "bad label") }
                rest = rest.dropFirst(2)
                var value = ""
                scan: while true {
                    guard let character = rest.popFirst() else { throw Failure(description: "open label value") }
                    switch character {
                    case "\"": break scan
                    case "\\":
                        switch rest.popFirst() {
                        case "\\": value += "\\"
                        case "n": value += "\n"
                        case "\"": value += "\""
                        default: throw Failure(description: "bad escape")
                        }
                    default: value.append(character)
                    }
                }
                guard labels.updateValue(value, forKey: String(label)) == nil else {
                    throw Failure(description: "a label twice")
                }
                let next = rest.popFirst()
                if next == "}" { break }
                guard next == "," else { throw Failure(description: "bad end of label") }
            }
        }
        guard rest.popFirst() == " " else { throw Failure(description: "no value") }
        let number = rest == "+Inf" ? "inf" : rest == "-Inf" ? "-inf" : String(rest)
        guard let value = Double(number), rest.first != " " else { throw Failure(description: "bad value") }
        return Sample(name: String(name), labels: labels, value: value)
    }

    private func unescaped(_ text: String, quotes: Bool) throws -> String {
        var result = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            guard character == "\\" else {
                result.append(character)
                continue
            }
            switch rest.popFirst() {
            case "\\": result += "\\"
            case "n": result += "\n"
            case "\"" where quotes: result += "\""
            default: throw Failure(description: "bad escape in HELP")
            }
        }
        return result
    }
}
