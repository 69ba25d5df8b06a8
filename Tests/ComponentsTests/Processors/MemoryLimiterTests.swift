import Collector
import FoundationEssentials
import NIOCore
import Synchronization
import Testing

@testable import Components

@Suite struct MemoryLimiterTests {
    let context = TestContext()

    func read(_ yaml: String) throws -> MemoryLimiterConfiguration {
        try configuration(MemoryLimiterConfiguration.self, YAMLText.parse(yaml, source: "test"))
    }

    @Test(arguments: [
        ("{limit_mib: 100}", "'check_interval' must be greater than zero"),
        ("{check_interval: 1s}", "'limit_mib' or 'limit_percentage' must be greater than zero"),
        (
            "{check_interval: 1s, limit_mib: 5, spike_limit_mib: 5}",
            "'spike_limit_mib' must be smaller than 'limit_mib'"
        ),
        (
            "{check_interval: 1s, limit_percentage: 5, spike_limit_percentage: 5}",
            "'spike_limit_percentage' must be smaller than 'limit_percentage'"
        ),
        (
            "{check_interval: 1s, limit_percentage: 101}",
            "'limit_percentage' and 'spike_limit_percentage' must be greater than zero and less than or equal to hundred"
        ),
        (
            "{check_interval: 1s, limit_mib: 5, min_gc_interval_when_hard_limited: 20s}",
            "'min_gc_interval_when_soft_limited' should be larger than 'min_gc_interval_when_hard_limited'"
        ),
    ])
    func contradictionsAreErrorsInTheCollectorsWords(yaml: String, message: String) {
        #expect(#expect(throws: ConfigError.self) { try read(yaml) }?.message == message)
    }

    @Test func theSoftLimitIsBelowTheHardOne() throws {
        let fifth = try read("{check_interval: 1s, limit_mib: 100}").limits(total: 1 << 30)
        #expect(fifth.hard == 100 << 20 && fifth.soft == 80 << 20)
        let given = try read("{check_interval: 1s, limit_mib: 100, spike_limit_mib: 30, limit_percentage: 50}")
        #expect(given.limits(total: 1 << 40).soft == 70 << 20)
        let share = try read("{check_interval: 1s, limit_percentage: 50, spike_limit_percentage: 10}")
        #expect(share.limits(total: 1000) == MemoryLimits(limit: 500, spike: 100))
    }

    @Test func memoryIsGivenBackLessOftenWhenThatDoesNotHelp() throws {
        let configuration = try read("{check_interval: 1s, limit_mib: 100}")
        var state = MemoryLimiterState(limits: configuration.limits(total: 0), configuration)
        let start = ContinuousClock.now
        let (soft, hard) = (90 << 20, 110 << 20)
        #expect(!state.shouldTrim(used: 80 << 20, now: start))
        #expect(state.shouldTrim(used: soft, now: start))
        state.trimmed(before: soft, after: soft, now: start)
        #expect(!state.shouldTrim(used: soft, now: start + .seconds(9)))
        #expect(state.shouldTrim(used: soft, now: start + .seconds(10)))
        #expect(!state.shouldTrim(used: hard, now: start))
        #expect(state.shouldTrim(used: hard, now: start + .seconds(1)))
        for _ in 0..<20 { state.trimmed(before: hard, after: hard, now: start) }
        #expect(!state.shouldTrim(used: hard, now: start + .seconds(29)))
        #expect(state.shouldTrim(used: hard, now: start + .seconds(30)))
        state.trimmed(before: hard, after: soft, now: start)
        #expect(state.shouldTrim(used: hard, now: start))
    }

    @Test func aboveTheSoftLimitBatchesAreRefusedUntilMemoryIsBack() throws {
        let used = Atomic(10 << 20)
        let next = TestConsumer()
        let component = context.component("memory_limiter")
        let limiter = MemoryLimiterProcessor(
            try read("{check_interval: 2s, limit_mib: 100}"),
            total: 0,
            context: component,
            next: next,
            memory: { used.load(ordering: .relaxed) },
            trim: {}
        )
        let results = Recorder<ConsumeResult>()
        limiter.check()
        limiter.consume(Samples.batch(spans: 3)) { results.append($0) }
        used.store(81 << 20, ordering: .relaxed)
        limiter.check()
        var uncounted = Samples.batch(spans: 2)
        uncounted.spanCount = 0
        limiter.consume(uncounted) { results.append($0) }
        used.store(80 << 20, ordering: .relaxed)
        limiter.check()
        limiter.consume(Samples.batch(spans: 1)) { results.append($0) }

        #expect(next.batches.elements.count == 2)
        let seen = results.elements
        guard seen.count == 3, case .accepted(3) = seen[0], case .refused(let error) = seen[1],
            case .accepted(1) = seen[2]
        else {
            Issue.record("\(seen)")
            return
        }
        let message = "data refused due to high memory usage"
        #expect(error == ConsumeError(.unavailable, message, retryAfter: .seconds(2)))
        let metrics = component.metrics.collect().families
        #expect(metrics[.memoryLimiterAccepted]?.map(\.value) == [.number(4)])
        #expect(metrics[.memoryLimiterRefused]?.map(\.value) == [.number(2)])
        withExtendedLifetime(limiter) {}
    }

    @Test func aBurstBetweenTwoLooksIsSeen() throws {
        let used = Atomic(20 << 20)
        let next = TestConsumer()
        let limiter = MemoryLimiterProcessor(
            try read("{check_interval: 1h, limit_mib: 100}"),
            total: 0,
            context: context.component("memory_limiter"),
            next: next,
            memory: { used.load(ordering: .relaxed) },
            trim: {}
        )
        limiter.check()
        var batch = Samples.batch(spans: 1)
        batch.body = ByteBuffer(repeating: 0, count: 1 << 20)
        let results = Recorder<ConsumeResult>()
        for _ in 0..<200 {
            // What is kept takes twice what was sent.
            limiter.consume(batch) { results.append($0) }
            used.store((20 + 2 * next.batches.elements.count) << 20, ordering: .relaxed)
        }
        // 80 MB are the soft limit; one megabyte more may be on its way.
        #expect((30...32).contains(next.batches.elements.count))
        #expect(results.elements.count == 200)
    }

    @Test(arguments: [false, true]) func wellFormednessIsCheckedWhereTheNextComponentSays(checks: Bool) throws {
        let limiter = MemoryLimiterProcessor(
            try read("{check_interval: 1s, limit_mib: 100}"),
            total: 0,
            context: context.component("memory_limiter"),
            next: TestConsumer(checksWellFormedness: checks)
        )
        #expect(limiter.checksWellFormedness == checks)
    }

    @Test func theMemoryOfThisProcessIsKnown() throws {
        let used = try #require(SystemMemory().used())
        let total = try #require(SystemMemory().total())
        #expect(used > 1 << 20 && used < total)
    }

    @Test(arguments: [
        (
            [
                "proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/memory.max": "1000\n",
                "sys/fs/cgroup/a/b/memory.max": "max\n",
            ], 1000
        ),
        (["proc/self/cgroup": "4:cpu,memory:/x\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "2000\n"], 2000),
        (["proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"], 4096),
    ])
    func theLimitIsTheLowestThereIs(files: [String: String], total: Int) throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "cgroup-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: root) }
        for (path, text) in files.merging(["proc/meminfo": "MemTotal:   4 kB\n"], uniquingKeysWith: { one, _ in one }) {
            let url = root.appending(path: path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: url)
        }
        #expect(SystemMemory(root: root.path).total() == total)
    }
}
