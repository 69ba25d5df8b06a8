import FoundationEssentials
import Logging
import Synchronization
import Testing

@testable import Collector

@Suite struct LogSamplingTests {
    typealias Message = LogSamplingState.Message

    func sampling(initial: Int, thereafter: Int) -> LogSampling {
        var sampling = LogSampling()
        sampling.initial = initial
        sampling.thereafter = thereafter
        return sampling
    }

    @Test func theFirstAreWrittenAndThenEveryNth() {
        var state = LogSamplingState(sampling(initial: 3, thereafter: 4))
        let message = Message(level: "info", text: "m")
        let written = (1...12).filter { _ in state.take(message, now: .zero).0 == .write }
        #expect(written == [1, 2, 3, 7, 11])
        #expect(state.flush() == [.init(message: message, count: 7)])
        #expect(state.flush().isEmpty)
    }

    @Test func levelAndTextMakeAMessage() {
        var state = LogSamplingState(sampling(initial: 1, thereafter: 0))
        for message in [
            Message(level: "info", text: "a"), .init(level: "warn", text: "a"), .init(level: "info", text: "b"),
        ] {
            #expect(state.take(message, now: .zero).0 == .write)
            #expect(state.take(message, now: .zero).0 != .write)
        }
    }

    @Test func everyTickCountsAnewAndTellsOfTheOneBefore() {
        var state = LogSamplingState(sampling(initial: 1, thereafter: 0))
        let (a, b) = (Message(level: "info", text: "a"), Message(level: "error", text: "b"))
        _ = state.take(a, now: .zero)
        #expect(state.take(a, now: .seconds(1)).0 == .suppress(isFirst: true))
        #expect(state.take(a, now: .seconds(9)).0 == .suppress(isFirst: false))
        let (verdict, told) = state.take(b, now: .seconds(10))
        #expect(verdict == .write)
        #expect(told == [.init(message: a, count: 2)])
        #expect(state.take(a, now: .seconds(10)) == (.write, []))
    }

    @Test func aFloodOfOneLevelKeepsNoErrorBack() {
        var state = LogSamplingState(sampling(initial: 1, thereafter: 0))
        for index in 0..<2 * LogSamplingState.limit {
            _ = state.take(Message(level: "info", text: "\(index)"), now: .zero)
        }
        #expect(state.take(Message(level: "error", text: "lost"), now: .zero).0 == .write)
        #expect(state.flush().map(\.message.level) == ["info"])
    }

    @Test func ofALongMessageOnlyTheBeginningIsRemembered() {
        let long = Message(level: "info", text: String(repeating: "a", count: 1 << 20))
        #expect(long.text.utf8.count == Message.maxTextBytes)
        #expect(long == Message(level: "info", text: String(repeating: "a", count: 1 << 10)))
    }

    @Test func whatIsRememberedIsBounded() {
        var state = LogSamplingState(sampling(initial: 1, thereafter: 0))
        for index in 0..<LogSamplingState.limit {
            #expect(state.take(Message(level: "info", text: "\(index)"), now: .zero).0 == .write)
        }
        let written = (0..<100).filter {
            state.take(Message(level: "info", text: "more \($0)"), now: .zero).0 == .write
        }
        #expect(written.count == 1)
        #expect(state.flush().map(\.count) == [99])
    }

    @Test func itCanChangeInATick() {
        var state = LogSamplingState(sampling(initial: 1, thereafter: 0))
        let message = Message(level: "info", text: "m")
        let isWritten = { (state: inout LogSamplingState) in state.take(message, now: .zero).0 == .write }
        #expect([isWritten(&state), isWritten(&state)] == [true, false])
        state.sampling = sampling(initial: 4, thereafter: 0)
        #expect([isWritten(&state), isWritten(&state), isWritten(&state)] == [true, true, false])
        state.sampling.isEnabled = false
        #expect(isWritten(&state))
        #expect(state.flush() == [.init(message: message, count: 2)])
    }

    @Test func itCanBeOff() {
        var off = LogSampling()
        off.isEnabled = false
        var state = LogSamplingState(off)
        #expect((0..<1000).allSatisfy { _ in state.take(Message(level: "info", text: "m"), now: .zero).0 == .write })
    }

    final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    @Test func loggersShareOneSamplerAndSayWhatIsLeftOut() throws {
        let lines = Lines()
        let sampler = LogSampler(sampling(initial: 2, thereafter: 0)) { .zero }
        func handler(_ label: String) -> CollectorLogHandler {
            CollectorLogHandler(
                label: label,
                settings: LogSettings(LogsConfiguration()),
                sampler: sampler,
                now: { Date(timeIntervalSince1970: 0) }
            ) { lines.add($0) }
        }
        for label in ["exporter:a", "exporter:b", "exporter:a", "exporter:b"] {
            Logger(label: label) { handler($0) }.warning("Refused", metadata: ["n": "1"])
        }
        handler("service").tellSuppressed()
        #expect(
            lines.all == [
                "1970-01-01T00:00:00.000Z\twarn\texporter:a\tRefused\t{\"n\": \"1\"}\n",
                "1970-01-01T00:00:00.000Z\twarn\texporter:b\tRefused\t{\"n\": \"1\"}\n",
                "1970-01-01T00:00:00.000Z\twarn\tlogs\tLog messages have been suppressed, the same came too often.\t"
                    + "{\"message\": \"Refused\", \"suppressed\": 2}\n",
            ]
        )
        let metrics = MetricsRegistry()
        sampler.observe(in: metrics)
        #expect(metrics.collect().families.values.flatMap(\.self).map(\.value) == [.number(2)])
    }
}
