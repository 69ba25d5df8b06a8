/// Takes a component's metrics as they are now.
public struct MetricSink: Sendable {
    /// One series of a metric.
    public struct Series: Sendable, Equatable {
        /// In the order in which they were given.
        public let labels: [Label]
        public let value: Value
    }

    public struct Label: Sendable, Hashable {
        public let name: String
        public let value: String

        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    public enum Value: Sendable, Equatable {
        case number(Double)
        /// `counts[i]` observations were at most `bounds[i]` and more than the bound before; the last one of `counts`,
        /// which has one more, is for those above all bounds.
        case histogram(bounds: [Double], counts: [Int], sum: Double)
    }

    /// All series so far by metric.
    public private(set) var families: [MetricDescription: [Series]] = [:]

    public init() {}

    public mutating func add(
        _ metric: MetricDescription,
        _ value: Double,
        _ labels: KeyValuePairs<String, String> = [:]
    ) {
        add(metric, .number(value), labels)
    }

    public mutating func add(
        _ metric: MetricDescription,
        _ value: Int,
        _ labels: KeyValuePairs<String, String> = [:]
    ) {
        add(metric, .number(Double(value)), labels)
    }

    public mutating func add(
        _ metric: MetricDescription,
        _ value: Value,
        _ labels: KeyValuePairs<String, String> = [:]
    ) {
        let labels = labels.map { Label(name: $0.key, value: $0.value) }
        families[metric, default: []].append(Series(labels: labels, value: value))
    }
}
