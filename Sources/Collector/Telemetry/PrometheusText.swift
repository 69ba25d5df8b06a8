/// Metrics as text that Prometheus reads. Names and series come in the same order each time.
public struct PrometheusText: Sendable {
    private let format: PrometheusFormat
    private let naming: PrometheusNaming
    private let scope: [MetricSink.Label]

    public init(_ format: PrometheusFormat, naming: PrometheusNaming) {
        self.format = format
        self.naming = naming
        scope =
            naming.withoutScopeInfo
            ? []
            : [
                MetricSink.Label(name: "otel_scope_name", value: BuildInfo.command),
                MetricSink.Label(name: "otel_scope_version", value: BuildInfo.version),
            ]
    }

    /// - Parameter target: what the process is, for `target_info`.
    public func render(_ sink: MetricSink, target: [MetricSink.Label] = []) -> String {
        var output = Output(format: format)
        for family in families(sink) { write(family, to: &output) }
        if !target.isEmpty {
            output.header(
                format == .text ? "target_info" : "target",
                type: format == .text ? "gauge" : "info",
                help: "Target metadata"
            )
            output.sample("target_info", target, "1")
        }
        if format == .openMetrics { output.text += "# EOF\n" }
        return output.text
    }

    /// The series of one name.
    private struct Family {
        let name: String
        let metric: MetricDescription
        var series: [MetricSink.Series]
    }

    /// By name; two descriptions with one name are one family, as the format wants it.
    private func families(_ sink: MetricSink) -> [Family] {
        var families: [String: Family] = [:]
        let metrics = sink.families.sorted { ($0.key.name, $0.key.help) < ($1.key.name, $1.key.help) }
        for (metric, series) in metrics {
            let name = naming.familyName(metric)
            guard let family = families[name] else {
                families[name] = Family(name: name, metric: metric, series: series)
                continue
            }
            if family.metric.kind == metric.kind { families[name]?.series += series }
        }
        return families.values.sorted { $0.name < $1.name }.map { family in
            var family = family
            family.series = Self.unique(family.series)
            return family
        }
    }

    /// Sorted by labels. Series with the same labels become one: those of a processor that is in several pipelines.
    private static func unique(_ series: [MetricSink.Series]) -> [MetricSink.Series] {
        func key(_ series: MetricSink.Series) -> [String] { series.labels.flatMap { [$0.name, $0.value] } }
        var result: [MetricSink.Series] = []
        for next in series.sorted(by: { key($0).lexicographicallyPrecedes(key($1)) }) {
            guard let last = result.last, last.labels == next.labels else {
                result.append(next)
                continue
            }
            let sum = last.value.adding(next.value) ?? last.value
            result[result.count - 1] = MetricSink.Series(labels: last.labels, value: sum)
        }
        return result
    }

    private func write(_ family: Family, to output: inout Output) {
        let metric = family.metric
        let hasTotal = metric.kind == .counter && !naming.withoutTypeSuffix
        let sample = hasTotal ? family.name + "_total" : family.name
        // In OpenMetrics the family is called without the suffix of its samples, and a counter without one is none.
        let isBareCounter = format == .openMetrics && metric.kind == .counter && !hasTotal
        output.header(
            format == .openMetrics ? family.name : sample,
            type: isBareCounter ? "unknown" : metric.kind.rawValue,
            help: metric.help,
            unit: PrometheusNaming.unitName(metric.unit).flatMap { family.name.hasSuffix("_\($0)") ? $0 : nil }
        )
        for series in family.series {
            let labels = series.labels + scope
            switch series.value {
            case .number(let number): output.sample(sample, labels, Self.text(number))
            case .histogram(let bounds, let counts, let sum):
                write(family.name, labels, bounds, counts, sum, to: &output)
            }
        }
    }

    private func write(
        _ name: String,
        _ labels: [MetricSink.Label],
        _ bounds: [Double],
        _ counts: [Int],
        _ sum: Double,
        to output: inout Output
    ) {
        var total = 0
        for (index, count) in counts.enumerated() {
            total += count
            let bound = index < bounds.count ? bounds[index] : .infinity
            // OpenMetrics has a point in every bound.
            let text = format == .openMetrics && bound.isFinite ? "\(bound)" : Self.text(bound)
            output.sample("\(name)_bucket", labels + [MetricSink.Label(name: "le", value: text)], "\(total)")
        }
        output.sample("\(name)_sum", labels, Self.text(sum))
        output.sample("\(name)_count", labels, "\(total)")
    }

    /// A number as both formats have it.
    static func text(_ number: Double) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Inf" : "+Inf" }
        return Int(exactly: number).map { "\($0)" } ?? "\(number)"
    }
}

/// Lines of the formats, escaped.
private struct Output {
    let format: PrometheusFormat
    var text = ""

    mutating func header(_ name: String, type: String, help: String, unit: String? = nil) {
        if !help.isEmpty { text += "# HELP \(name) \(escaped(help, quotes: format == .openMetrics))\n" }
        text += "# TYPE \(name) \(type)\n"
        if let unit, format == .openMetrics { text += "# UNIT \(name) \(unit)\n" }
    }

    mutating func sample(_ name: String, _ labels: [MetricSink.Label], _ value: String) {
        text += name
        if !labels.isEmpty {
            let pairs = labels.map { "\(PrometheusNaming.sanitized($0.name))=\"\(escaped($0.value, quotes: true))\"" }
            text += "{\(pairs.joined(separator: ","))}"
        }
        text += " \(value)\n"
    }

    private func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
