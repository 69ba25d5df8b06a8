/// How long steps and TaskRuns took, as histograms by namespace, Task, step and result.
///
/// Bounded: what has a series is counted in it, and what would need one too many goes into one for all others.
public struct DurationHistograms: Sendable, Equatable {
    public struct Options: Sendable, Equatable {
        public var isEnabled = true
        /// In seconds, ascending.
        public var bounds: [Double] = [1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600]
        /// The most series of steps, and as many of TaskRuns.
        public var maxSeries = 1000

        public init() {}
    }

    public struct Key: Sendable, Hashable {
        public let namespace: String
        public let task: String
        /// Nil for TaskRuns.
        public let step: String?
        public let result: String
    }

    public struct Histogram: Sendable, Equatable {
        /// One for each bound, of what is not above it but above the one before; the last for what is above all.
        public fileprivate(set) var counts: [Int]
        public fileprivate(set) var sum = 0.0

        init(bounds: Int) { counts = Array(repeating: 0, count: bounds + 1) }
    }

    public let options: Options
    public private(set) var steps: [Key: Histogram] = [:]
    public private(set) var taskRuns: [Key: Histogram] = [:]
    /// Of what has no series of its own; nil while there is none.
    public private(set) var otherSteps: Histogram?
    public private(set) var otherTaskRuns: Histogram?

    init(options: Options) { self.options = options }

    /// Counts one. Nothing for a span without a measurement.
    mutating func record(_ measurement: SpanMeasurement?) {
        guard options.isEnabled, let measurement else { return }
        let key = Key(
            namespace: measurement.namespace,
            task: measurement.task,
            step: measurement.step,
            result: measurement.result
        )
        if measurement.step == nil {
            Self.record(measurement.seconds, key, in: &taskRuns, others: &otherTaskRuns, options)
        } else {
            Self.record(measurement.seconds, key, in: &steps, others: &otherSteps, options)
        }
    }

    private static func record(
        _ seconds: Double,
        _ key: Key,
        in series: inout [Key: Histogram],
        others: inout Histogram?,
        _ options: Options
    ) {
        let bucket = options.bounds.firstIndex { seconds <= $0 } ?? options.bounds.count
        let empty = Histogram(bounds: options.bounds.count)
        if series[key] != nil || series.count < options.maxSeries {
            series[key, default: empty].counts[bucket] += 1
            series[key, default: empty].sum += seconds
        } else {
            var histogram = others ?? empty
            histogram.counts[bucket] += 1
            histogram.sum += seconds
            others = histogram
        }
    }
}
