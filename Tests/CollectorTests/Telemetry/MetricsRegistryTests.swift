import Synchronization
import Testing

@testable import Collector

@Suite struct MetricsRegistryTests {
    static let sent = MetricDescription("sent", .counter, "Sent.")
    static let size = MetricDescription("size", .gauge, "Size.")
    static let time = MetricDescription("time", .histogram, "Time.")

    final class Component: Sendable {
        let count = Mutex(0)

        func observe(_ registry: MetricsRegistry, _ owner: String) {
            registry.observe(owner) { [weak self] sink in
                guard let count = self?.count.withLock({ $0 }) else { return }
                sink.add(MetricsRegistryTests.sent, count, ["exporter": "out"])
                sink.add(MetricsRegistryTests.size, count, ["exporter": "out"])
                sink.add(
                    MetricsRegistryTests.time,
                    .histogram(bounds: [1], counts: [count, 1], sum: 2),
                    ["exporter": "out"]
                )
            }
        }
    }

    func values(_ registry: MetricsRegistry, _ metric: MetricDescription) -> [MetricSink.Value] {
        (registry.collect().families[metric] ?? []).map(\.value)
    }

    @Test func aCounterGoesOnWhereTheReplacedComponentLeftIt() {
        let registry = MetricsRegistry()
        let (old, new) = (Component(), Component())
        old.observe(registry, "exporter:out#1")
        old.count.withLock { $0 = 5 }
        new.observe(registry, "exporter:out#2")
        new.count.withLock { $0 = 2 }
        // While both live, they are one.
        #expect(values(registry, Self.sent) == [.number(7)])
        #expect(values(registry, Self.size) == [.number(7)])
        registry.remove("exporter:out#1")
        registry.remove("exporter:out#1")
        #expect(values(registry, Self.sent) == [.number(7)])
        #expect(values(registry, Self.size) == [.number(2)])
        #expect(values(registry, Self.time) == [.histogram(bounds: [1], counts: [7, 2], sum: 4)])
        registry.remove("exporter:out#2")
        #expect(values(registry, Self.sent) == [.number(7)])
        #expect(values(registry, Self.size) == [])
    }

    /// As when a configuration with other buckets was tried and given up.
    @Test func aHistogramGoesOnAlsoWhenOneWithOtherBoundsWasThereBetween() {
        let registry = MetricsRegistry()
        func life(_ number: Int, _ bound: Double) {
            registry.observe("\(number)") { sink in
                sink.add(Self.time, .histogram(bounds: [bound], counts: [1, 1], sum: 2))
            }
        }
        life(1, 10)
        life(2, 3)
        #expect(values(registry, Self.time) == [.histogram(bounds: [10], counts: [1, 1], sum: 2)])
        registry.remove("2")
        #expect(values(registry, Self.time) == [.histogram(bounds: [10], counts: [1, 1], sum: 2)])
        registry.remove("1")
        life(3, 10)
        #expect(values(registry, Self.time) == [.histogram(bounds: [10], counts: [2, 2], sum: 4)])
        // Bounds that come and go are not kept for ever.
        for number in 4..<20 {
            registry.remove("\(number - 1)")
            life(number, Double(number) + 10)
        }
        registry.remove("19")
        #expect(values(registry, Self.time).count == 1)
    }
}
