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
}
