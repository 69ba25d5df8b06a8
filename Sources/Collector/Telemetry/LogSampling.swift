/// `service::telemetry::logs::sampling`: of messages that repeat, the first are written and then every so many.
public struct LogSampling: Sendable, Equatable {
    public var isEnabled = true
    /// Messages are counted anew after this time.
    public var tick = Duration.seconds(10)
    /// So many of one message are written in a tick.
    public var initial = 10
    /// Of the others, every so many; 0 for none.
    public var thereafter = 100

    public init() {}

    /// Takes all keys of the map.
    init(from map: inout ConfigMap) throws(ConfigError) {
        isEnabled = try map.bool("enabled", default: isEnabled)
        tick = try map.duration("tick", default: tick)
        initial = try map.int("initial", default: initial)
        thereafter = try map.int("thereafter", default: thereafter)
        try map.finish()
    }
}

/// Decides which messages are written. Level and text make a message, not its details.
struct LogSamplingState: Sendable {
    struct Message: Sendable, Hashable {
        let level: String
        /// As much of it as tells messages apart: the whole of one may be a dump of many spans.
        let text: String

        static let maxTextBytes = 256

        init(level: String, text: String) {
            self.level = level
            self.text =
                text.utf8.count <= Self.maxTextBytes
                ? text : String(decoding: text.utf8.prefix(Self.maxTextBytes), as: UTF8.self)
        }
    }

    struct Suppressed: Sendable, Equatable {
        let message: Message
        let count: Int
    }

    enum Verdict: Sendable, Equatable {
        case write
        /// `isFirst` in this tick: `flush` has to be called when the tick is over.
        case suppress(isFirst: Bool)
    }

    /// Different messages that are counted one by one; the others of a level are counted as one, so that a flood of one
    /// kind does not keep back errors. A program has a few hundred.
    static let limit = 1024

    var sampling: LogSampling
    private var began: Duration?
    private var counts: [Message: Int] = [:]
    private var suppressed: [Message: Int] = [:]

    init(_ sampling: LogSampling) { self.sampling = sampling }

    /// Takes a message.
    ///
    /// - Parameter now: time since some fixed point.
    /// - Returns: with the verdict, what was suppressed in a tick that is over, to be told before.
    mutating func take(_ message: Message, now: Duration) -> (Verdict, [Suppressed]) {
        guard sampling.isEnabled, sampling.tick > .zero else { return (.write, []) }
        var told: [Suppressed] = []
        if let began, now - began >= sampling.tick { told = flush() }
        if began == nil { began = now }
        let isCounted = counts[message] != nil || counts.count < Self.limit
        let key = isCounted ? message : Message(level: message.level, text: "(other messages)")
        let count = counts[key, default: 0] + 1
        counts[key] = count
        let beyond = count - sampling.initial
        guard beyond > 0 else { return (.write, told) }
        if sampling.thereafter > 0, beyond % sampling.thereafter == 0 { return (.write, told) }
        let isFirst = suppressed.isEmpty
        suppressed[key, default: 0] += 1
        return (.suppress(isFirst: isFirst), told)
    }

    /// Ends the tick: counts anew, and tells what was suppressed.
    mutating func flush() -> [Suppressed] {
        let told = suppressed.map { Suppressed(message: $0.key, count: $0.value) }
        (began, counts, suppressed) = (nil, [:], [:])
        return told.sorted { ($0.message.text, $0.message.level) < ($1.message.text, $1.message.level) }
    }
}
