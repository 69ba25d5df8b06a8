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

extension MetricSink {
    /// What only grows: counters and histograms.
    var counts: MetricSink {
        var sink = MetricSink()
        sink.families = families.filter { $0.key.kind != .gauge }
        return sink
    }

    /// Each series once, in the order in which they first stand in the one or the other, with the sum of all that have
    /// its labels. Histograms with other bounds are another series.
    func adding(_ other: MetricSink) -> MetricSink {
        var sink = MetricSink()
        sink.families = families.merging(other.families) { $0 + $1 }.mapValues { series in
            var places: [[Label]: [Int]] = [:]
            var sums: [Series] = []
            for one in series {
                let sum = places[one.labels]?.lazy.compactMap { place in
                    sums[place].value.adding(one.value).map { (place: place, value: $0) }
                }.first
                if let sum {
                    sums[sum.place] = Series(labels: one.labels, value: sum.value)
                } else {
                    places[one.labels, default: []].append(sums.count)
                    sums.append(one)
                }
            }
            return sums
        }
        return sink
    }

    /// At most so many series of the same labels: the first of them.
    func first(_ count: Int) -> MetricSink {
        var sink = MetricSink()
        sink.families = families.mapValues { series in
            var found: [[Label]: Int] = [:]
            return series.filter { one in
                found[one.labels, default: 0] += 1
                return found[one.labels, default: 0] <= count
            }
        }
        return sink
    }
}

extension MetricSink.Value {
    /// Nil for what is of another kind or has other bounds: nothing that could be added.
    func adding(_ other: Self) -> Self? {
        switch (self, other) {
        case (.number(let left), .number(let right)): .number(left + right)
        case (.histogram(let bounds, let left, let leftSum), .histogram(let others, let right, let rightSum))
        where bounds == others && left.count == right.count:
            .histogram(bounds: bounds, counts: zip(left, right).map(+), sum: leftSum + rightSum)
        default: nil
        }
    }
}
