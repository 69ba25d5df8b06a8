import NIOCore
import Testing

@testable import Collector

/// Drives the queue through random histories in virtual time.
@Suite struct SendingQueuePropertyTests {
    @Test(arguments: 0..<60)
    func everyAcceptedBatchIsDeliveredOnceOrCountedAsDropped(seed: UInt64) {
        var history = History(seed: seed)
        history.run()
        #expect(history.violations == [], "seed \(seed)")
    }
}

private struct History {
    private enum Event {
        case arrival
        case end(Int)
        case retry(Int)
        case wake
        case stop
    }

    private var random: SeededGenerator
    private var queue: SendingQueue<Int>
    private var now = ContinuousClock.now
    private var agenda: [(at: ContinuousClock.Instant, event: Event)] = []
    private var arrivals = 400
    private let maximum: Int
    private let consumers: Int
    private let waitsForResult: Bool
    private var sizes: [Int: Int] = [:]
    private var accepted: Set<Int> = []
    private var delivered: Set<Int> = []
    private var inRequests: [Int: [Int]] = [:]
    private var resolutions: [Int: Bool] = [:]
    private var pending: Set<Int> = []
    private var wakes = 0
    private var drained = false
    private(set) var violations: [String] = []

    init(seed: UInt64) {
        var random = SeededGenerator(state: seed)
        var configuration = SendingQueueConfiguration()
        configuration.queueSize = Int.random(in: 1...60, using: &random)
        configuration.consumers = Int.random(in: 1...5, using: &random)
        configuration.waitForResult = Bool.random(using: &random)
        configuration.blockOnOverflow = Bool.random(using: &random)
        configuration.enabled = Int.random(in: 0..<8, using: &random) > 0
        configuration.sizer = .items
        var retry = RetryConfiguration()
        retry.initialInterval = .milliseconds(20)
        retry.maxInterval = .milliseconds(100)
        retry.maxElapsedTime = .milliseconds(Int.random(in: 100...400, using: &random))
        var merging = BatchMerging()
        merging.threshold = 200
        merging.maximum = 300
        maximum = configuration.enabled ? merging.maximum : 0
        consumers = configuration.enabled ? configuration.consumers : .max
        waitsForResult = configuration.waitForResult || !configuration.enabled
        queue = SendingQueue(queue: configuration, retry: retry, merging: merging)
        self.random = random
    }

    mutating func run() {
        agenda = [(now, .arrival)]
        if Bool.random(using: &random) {
            agenda.append((now + .milliseconds(Int.random(in: 0...800, using: &random)), .stop))
        }
        var steps = 0
        while let next = earliest {
            let (at, event) = agenda.remove(at: next)
            now = at
            handle(event)
            let counters = queue.counters
            check(counters.queueSize <= counters.queueCapacity, "queue holds \(counters.queueSize)")
            steps += 1
            guard steps < 100_000 else { return violations.append("does not come to an end") }
        }
        let counters = queue.counters
        let spans = accepted.reduce(0) { $0 + (sizes[$1] ?? 0) }
        let deliveredSpans = delivered.reduce(0) { $0 + (sizes[$1] ?? 0) }
        check(counters.queueSize == 0, "\(counters.queueSize) left without an event to come")
        check(counters.acceptedSpans == spans, "accepted \(counters.acceptedSpans), not \(spans)")
        check(counters.sentSpans == deliveredSpans, "sent \(counters.sentSpans), not \(deliveredSpans)")
        check(counters.sentSpans + counters.failedSpans == spans, "sent and failed are not all")
        check(pending.isSubset(of: resolutions.keys), "senders left without an answer")
        if waitsForResult {
            let told = Set(resolutions.filter(\.value).keys)
            check(told == delivered, "answers differ from what was delivered")
        }
    }

    private var earliest: Int? { agenda.indices.min { agenda[$0].at < agenda[$1].at } }

    private mutating func check(_ condition: Bool, _ violation: String) {
        if !condition { violations.append(violation) }
    }

    private mutating func handle(_ event: Event) {
        switch event {
        case .arrival: arrive()
        case .end(let request): end(request)
        case .retry(let request): perform(queue.retryDue(request, now: now))
        case .wake:
            wakes -= 1
            perform(queue.wake(now: now))
        case .stop: perform(queue.stop(now: now))
        }
    }

    private mutating func arrive() {
        arrivals -= 1
        if arrivals > 0 {
            agenda.append((now + .microseconds(Int.random(in: 0...4000, using: &random)), .arrival))
        }
        let id = arrivals
        let size = Int.random(in: 1...20, using: &random)
        sizes[id] = size
        var body = ByteBuffer(integer: UInt64(id))
        body.writeRepeatingByte(0, count: Int.random(in: 0...120, using: &random))
        let before = queue.counters.acceptedSpans
        let (answer, actions) = queue.offer(TraceBatch(body: body, spanCount: size), token: id, now: now)
        let isAdmitted = queue.counters.acceptedSpans > before
        switch answer {
        case .accepted:
            check(isAdmitted, "accepted but not admitted")
            accepted.insert(id)
        case .pending:
            pending.insert(id)
            if isAdmitted { accepted.insert(id) }
        case .refused: check(!isAdmitted, "refused but admitted")
        }
        perform(actions)
    }

    private mutating func end(_ request: Int) {
        let ids = inRequests.removeValue(forKey: request) ?? []
        let outcome: ExportOutcome =
            switch Int.random(in: 0..<10, using: &random) {
            case 0: .permanent("no")
            case 1: .rejected("not like this")
            case 2...4: .retryable("away", retryAfter: Bool.random(using: &random) ? .milliseconds(50) : nil)
            default: .delivered
            }
        if outcome == .delivered {
            for id in ids {
                let isNew = delivered.insert(id).inserted
                check(isNew, "batch \(id) delivered twice")
            }
        }
        perform(queue.finished(request, outcome, now: now, random: Double.random(in: 0..<1, using: &random)))
    }

    private mutating func perform(_ actions: SendingQueue<Int>.Actions) {
        for send in actions.sends {
            let ids = send.batches.compactMap { $0.body.getInteger(at: $0.body.readerIndex, as: UInt64.self) }.map(
                Int.init
            )
            accepted.formUnion(ids)
            check(!ids.isEmpty, "empty request")
            check(ids.allSatisfy { !delivered.contains($0) }, "sent again after it was delivered")
            let bytes = send.batches.reduce(0) { $0 + $1.byteCount }
            check(ids.count == 1 || bytes <= maximum, "merged \(bytes) bytes")
            let isNew = inRequests.updateValue(ids, forKey: send.id) == nil
            check(isNew, "request \(send.id) is in flight already")
            check(inRequests.count <= consumers, "\(inRequests.count) requests in flight")
            agenda.append((now + .microseconds(Int.random(in: 0...20_000, using: &random)), .end(send.id)))
        }
        if let (id, delay) = actions.retry { agenda.append((now + delay, .retry(id))) }
        if let delay = actions.wakeAfter {
            wakes += 1
            check(wakes == 1, "\(wakes) timers at a time")
            agenda.append((now + delay, .wake))
        }
        for (token, result) in actions.resolved {
            let isAccepted = if case .accepted = result { true } else { false }
            let isFirst = resolutions.updateValue(isAccepted, forKey: token) == nil
            check(isFirst, "\(token) answered twice")
            if isAccepted { accepted.insert(token) }
        }
        check(!(drained && actions.isDrained && !inRequests.isEmpty), "drained with requests in flight")
        drained = drained || actions.isDrained
    }
}
