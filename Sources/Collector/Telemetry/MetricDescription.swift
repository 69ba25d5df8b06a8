/// What a metric is called and means. One static value per metric, beside the component that has it.
public struct MetricDescription: Sendable, Hashable {
    public enum Kind: String, Sendable {
        case counter
        case gauge
        case histogram
    }

    /// As the Collector or, for steptrace's own, Prometheus would call it, without `_total`.
    public let name: String
    public let kind: Kind
    /// `By`, `s`, `{spans}`: UCUM, as the Collector has it; empty for none.
    public let unit: String
    /// The names of its labels, for docs/operations.md.
    public let labels: [String]
    /// One sentence.
    public let help: String

    public init(_ name: String, _ kind: Kind, unit: String = "", labels: [String] = [], _ help: String) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.labels = labels
        self.help = help
    }
}
