/// How large requests were that were sent, as histograms with the Collector's bounds. Repeats do not count.
struct SendSizes: Sendable {
    struct Histogram: Sendable {
        let bounds: [Double]
        /// One for each bound, of what is not above it but above the one before; the last for what is above all.
        private(set) var counts: [Int]
        private(set) var sum = 0.0

        init(_ bounds: [Double]) {
            self.bounds = bounds
            counts = Array(repeating: 0, count: bounds.count + 1)
        }

        mutating func record(_ size: Int) {
            let size = Double(size)
            counts[bounds.firstIndex { size <= $0 } ?? bounds.count] += 1
            sum += size
        }

        var value: MetricSink.Value { .histogram(bounds: bounds, counts: counts, sum: sum) }
    }

    private(set) var spans = Histogram(Self.bounds)
    private(set) var bytes = Histogram(Self.bounds + Self.furtherBounds)

    private static let bounds: [Double] = [
        10, 25, 50, 75, 100, 250, 500, 750, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000, 10_000, 20_000,
        30_000,
        50_000, 100_000,
    ]
    private static let furtherBounds: [Double] = [
        200_000, 300_000, 400_000, 500_000, 600_000, 700_000, 800_000, 900_000, 1_000_000, 2_000_000, 3_000_000,
        4_000_000, 5_000_000, 6_000_000, 7_000_000, 8_000_000, 9_000_000,
    ]

    mutating func record(spans: Int, bytes: Int) {
        self.spans.record(spans)
        self.bytes.record(bytes)
    }
}
