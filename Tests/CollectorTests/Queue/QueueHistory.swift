import NIOCore
import OTLP
import TestSupport

@testable import Collector

/// A random history of a sending queue: arrivals, a backend with moods, a storage that may fail, the end of the process.
struct QueueHistory {
    enum Storage {
        case none
        case keeps
        /// The process is killed at random moments; the backend refuses nothing for good.
        case outlivesProcess
    }

    private enum Event {
        case arrival
        case end(Int)
        case retry(Int)
        case wake
        case fetchDue
        case storageWorks
        case stop
        case abandon
        case kill
    }

    private enum Operation {
        case store(Int, TraceBatch)
        case fetch(SendingQueue<Int>.Actions.Fetch)
        case remove([Int64])
    }

    private let storage: Storage
    private let configuration: SendingQueueConfiguration
    private let retry: RetryConfiguration
    private var random: SeededGenerator
    private var queue: SendingQueue<Int>
    private var now = ContinuousClock.now
    private var agenda: [(at: ContinuousClock.Instant, event: Event)] = []
    private var arrivals = 300
    private var kills = 0
    private var isKilled = false
    private var isStopped = false

    private var disk: [(id: Int64, batch: TraceBatch)] = []
    private var lastID: Int64 = 0
    private var operations: [Operation] = []

    private var batches: [Int: [UInt64]] = [:]
    /// Spans of batches whose senders were told so.
    private var accepted: Set<UInt64> = []
    private var delivered: Set<UInt64> = []
    private var inRequests: [Int: [UInt64]] = [:]
    private var resolutions: [Int: Bool] = [:]
    private var pending: Set<Int> = []
    private var wakes = 0
    private(set) var violations: [String] = []

    private var maximum: Int { configuration.enabled ? configuration.merging.maximum : 0 }
    private var waitsForResult: Bool { configuration.waitForResult || !configuration.enabled }

    init(seed: UInt64, storage: Storage) {
        var random = SeededGenerator(seed: seed)
        self.storage = storage
        var configuration = SendingQueueConfiguration()
        configuration.queueSize = Int.random(in: 1...60, using: &random)
        configuration.consumers = Int.random(in: 1...5, using: &random)
        configuration.blockOnOverflow = Bool.random(using: &random)
        configuration.sizer = .items
        if storage == .none {
            configuration.waitForResult = Bool.random(using: &random)
            configuration.enabled = Int.random(in: 0..<8, using: &random) > 0
        }
        var merging = BatchMerging()
        merging.threshold = 200
        merging.maximum = 600
        if Bool.random(using: &random) {
            merging.isOpportunistic = false
            merging.cutsLargeBatches = true
            merging.linger = .milliseconds(20)
            merging.sizer = Bool.random(using: &random) ? .items : .bytes
            merging.threshold = merging.sizer == .items ? 12 : 200
            merging.maximum = merging.sizer == .items ? 15 : 300
            merging.partitionKeys = Bool.random(using: &random) ? ["tenant"] : []
        }
        configuration.merging = merging
        self.configuration = configuration
        var retry = RetryConfiguration()
        retry.initialInterval = .milliseconds(20)
        retry.maxInterval = .milliseconds(100)
        let patience = Duration.milliseconds(Int.random(in: 100...400, using: &random))
        retry.maxElapsedTime = storage == .outlivesProcess ? .zero : patience
        self.retry = retry
        self.random = random
        queue = Self.queue(configuration, retry, storage)
    }

    private static func queue(
        _ configuration: SendingQueueConfiguration,
        _ retry: RetryConfiguration,
        _ storage: Storage
    ) -> SendingQueue<Int> {
        var queue = SendingQueue<Int>(
            queue: configuration,
            retry: retry,
            merging: configuration.merging,
            hasStorage: storage != .none
        )
        queue.memoryWindow = 1000
        return queue
    }

    mutating func run() {
        if storage != .none { perform(queue.opened(StoredTotals(), now: now)) }
        schedule(.arrival, within: .zero ... .zero)
        if Bool.random(using: &random) { schedule(.stop, within: .zero ... .milliseconds(800)) }
        if Bool.random(using: &random) { schedule(.abandon, within: .milliseconds(200) ... .milliseconds(2000)) }
        if storage == .outlivesProcess {
            for _ in 0..<4 { schedule(.kill, within: .zero ... .milliseconds(800)) }
        }
        var steps = 0
        while let next = agenda.indices.min(by: { agenda[$0].at < agenda[$1].at }) {
            let (at, event) = agenda.remove(at: next)
            now = at
            handle(event)
            checkCounters()
            steps += 1
            guard steps < 100_000 else { return violations.append("does not come to an end") }
        }
        checkEnd()
    }

    private mutating func schedule(_ event: Event, within range: ClosedRange<Duration>) {
        let share = Double.random(in: 0...1, using: &random)
        agenda.append((now + range.lowerBound + (range.upperBound - range.lowerBound) * share, event))
    }

    private mutating func check(_ condition: Bool, _ violation: String) {
        if !condition { violations.append(violation) }
    }

    // MARK: What must hold

    private mutating func checkCounters() {
        let counters = queue.counters
        let known = counters.acceptedSpans + counters.restoredSpans
        let sum = counters.sentSpans + counters.droppedSpans + counters.queuedSpans
        check(known == sum, "accepted \(known), but sent, dropped and queued \(counters)")
        check(counters.queuedSpans >= 0 && counters.queueSize >= 0, "less than nothing")
        check(
            counters.queueSize <= counters.queueCapacity + counters.restoredSpans,
            "queue holds \(counters.queueSize)"
        )
        check(counters.inFlightRequests == inRequests.count, "\(counters.inFlightRequests) in flight")
    }

    private mutating func checkEnd() {
        let counters = queue.counters
        let stored = Set(disk.flatMap { spans(of: $0.batch) })
        check(pending.isSubset(of: resolutions.keys) || isKilled, "senders left without an answer")
        check(accepted.isSubset(of: delivered.union(stored)) || counters.droppedSpans > 0, "spans are lost")
        if !isStopped {
            check(counters.queueSize == 0 && counters.queuedSpans == 0, "\(counters) without an event to come")
            check(disk.isEmpty, "\(disk.count) batches left on disk")
        }
        guard !isKilled else { return }
        check(counters.sentSpans == delivered.count, "sent \(counters.sentSpans), not \(delivered.count)")
        // A batch that was cut is stored whole until the last of its parts is delivered or dropped.
        let left = stored.subtracting(delivered).count
        let possible = (left - counters.droppedSpans)...left
        check(possible.contains(counters.queuedSpans) || storage == .none, "left \(counters.queuedSpans), not \(left)")
        check(
            counters.acceptedSpans == accepted.count || waitsForResult,
            "accepted \(counters.acceptedSpans), not \(accepted.count)"
        )
        if waitsForResult {
            let told = resolutions.filter(\.value).keys.flatMap { batches[$0] ?? [] }
            check(Set(told).isSubset(of: delivered), "told so without it being delivered")
        }
    }

    // MARK: Events

    private mutating func handle(_ event: Event) {
        switch event {
        case .arrival: arrive()
        case .end(let request): end(request)
        case .retry(let request): perform(queue.retryDue(request, now: now))
        case .wake:
            wakes -= 1
            perform(queue.wake(now: now))
        case .fetchDue: perform(queue.fetchDue())
        case .storageWorks: storageWorks()
        case .stop:
            isStopped = true
            perform(queue.stop(now: now))
        case .abandon:
            guard isStopped else { return }
            perform(queue.abandon())
            // Connections are closed: nothing of them is heard of any more.
            inRequests.removeAll()
        case .kill:
            guard !isStopped else { return }
            isKilled = true
            kill()
        }
    }

    private mutating func arrive() {
        arrivals -= 1
        if arrivals > 0 { schedule(.arrival, within: .zero ... .milliseconds(4)) }
        let id = arrivals
        let batch = makeBatch(id)
        let (answer, actions) = queue.offer(batch, token: id, now: now)
        switch answer {
        case .accepted: accepted.formUnion(batches[id] ?? [])
        case .pending: pending.insert(id)
        case .refused: break
        }
        perform(actions)
    }

    private mutating func end(_ request: Int) {
        // Of a process that is no more, or a connection that was closed.
        guard let ids = inRequests.removeValue(forKey: request) else { return }
        let moods = storage == .outlivesProcess ? 2..<10 : 0..<10
        let outcome: ExportOutcome =
            switch Int.random(in: moods, using: &random) {
            case 0: .permanent("no")
            case 1: .rejected("not like this")
            case 2...4: .retryable("away", retryAfter: Bool.random(using: &random) ? .milliseconds(50) : nil)
            default: .delivered
            }
        if outcome == .delivered {
            for id in ids {
                let isNew = delivered.insert(id).inserted
                check(isNew || isKilled, "span \(id) delivered twice")
            }
        }
        perform(queue.finished(request, outcome, now: now, random: Double.random(in: 0..<1, using: &random)))
    }

    /// Does what was asked for, in order; all of it in one transaction, which may fail.
    private mutating func storageWorks() {
        let works = Int.random(in: 0..<6, using: &random) > 0
        for operation in exchange(&operations, with: []) {
            switch operation {
            case .store(let id, let batch):
                if works {
                    lastID += 1
                    // What is read back has no headers.
                    disk.append((lastID, TraceBatch(body: batch.body, spanCount: batch.spanCount)))
                }
                perform(queue.stored(id, works ? .success(lastID) : .failure(QueueStorageError("full")), now: now))
            case .fetch(let fetch):
                var found: [FetchedBatch] = []
                var bytes = 0
                for (id, batch) in disk where id > fetch.after && bytes < fetch.bytes {
                    bytes += batch.byteCount
                    found.append(FetchedBatch(id: id, batch: batch))
                }
                perform(queue.fetched(works ? .success(found) : .failure(QueueStorageError("unreadable")), now: now))
            case .remove(let ids): disk.removeAll { ids.contains($0.id) }
            }
        }
    }

    /// The process is no more, with all that was not written; another one begins.
    private mutating func kill() {
        agenda.removeAll { item in
            switch item.event {
            case .arrival, .kill, .stop, .abandon: false
            default: true
            }
        }
        operations.removeAll()
        inRequests.removeAll()
        wakes = 0
        queue = Self.queue(configuration, retry, storage)
        var totals = StoredTotals()
        for (_, batch) in disk { totals.add(batch) }
        perform(queue.opened(totals, now: now))
    }

    // MARK: Actions

    private mutating func perform(_ actions: SendingQueue<Int>.Actions) {
        for send in actions.sends { perform(send) }
        if let (id, delay) = actions.retry { agenda.append((now + delay, .retry(id))) }
        if let delay = actions.wakeAfter {
            wakes += 1
            check(wakes == 1, "\(wakes) timers at a time")
            agenda.append((now + delay, .wake))
        }
        if let delay = actions.fetchAfter { agenda.append((now + delay, .fetchDue)) }
        for store in actions.stores { ask(.store(store.id, store.batch)) }
        if let fetch = actions.fetch { ask(.fetch(fetch)) }
        if !actions.removals.isEmpty { ask(.remove(actions.removals)) }
        for (token, result) in actions.resolved {
            let isAccepted = if case .accepted = result { true } else { false }
            let isFirst = resolutions.updateValue(isAccepted, forKey: token) == nil
            check(isFirst, "\(token) answered twice")
            if isAccepted { accepted.formUnion(batches[token] ?? []) }
        }
        check(!(actions.isDrained && !inRequests.isEmpty) || isStopped, "drained with requests in flight")
    }

    private mutating func ask(_ operation: Operation) {
        if operations.isEmpty { schedule(.storageWorks, within: .zero ... .milliseconds(10)) }
        operations.append(operation)
    }

    private mutating func perform(_ send: SendingQueue<Int>.Actions.Send) {
        let ids = send.batches.flatMap { spans(of: $0) }
        check(!ids.isEmpty, "empty request")
        check(ids.count == send.batches.reduce(0) { $0 + $1.spanCount }, "wrong number of spans")
        let size = send.batches.reduce(0) { $0 + configuration.merging.size(of: $1) }
        check(send.batches.count == 1 || size <= maximum, "merged \(size)")
        check(size <= maximum || ids.count == 1 || !configuration.merging.cutsLargeBatches || maximum == 0, "not cut")
        let tenants = Set(send.batches.map { $0.metadata?["tenant"] ?? [] })
        check(tenants.count == 1 || configuration.merging.partitionKeys.isEmpty, "tenants \(tenants)")
        let isNew = inRequests.updateValue(ids, forKey: send.id) == nil
        check(isNew, "request \(send.id) is in flight already")
        let consumers = configuration.enabled ? configuration.consumers : .max
        check(inRequests.count <= consumers, "\(inRequests.count) requests in flight")
        schedule(.end(send.id), within: .zero ... .milliseconds(20))
    }

    // MARK: Batches

    private mutating func makeBatch(_ id: Int) -> TraceBatch {
        let count = Int.random(in: 1...20, using: &random)
        let ids = (0..<count).map { UInt64(id) << 8 | UInt64($0) }
        batches[id] = ids
        var scope: [UInt8] = []
        for id in ids {
            let name = Int.random(in: 0...20, using: &random)
            let span = [0x12, 8] + withUnsafeBytes(of: id.bigEndian) { Array($0) } + [0x2A, UInt8(name)]
            scope += [0x12, UInt8(span.count + name)] + span + [UInt8](repeating: 0x61, count: name)
        }
        var resource: [UInt8] = []
        ResourceSpansAppender.append(encoded: scope, to: &resource)
        resource[0] = 0x12
        var body: [UInt8] = []
        ResourceSpansAppender.append(encoded: resource, to: &body)
        let tenant = Bool.random(using: &random) ? "a" : "b"
        return TraceBatch(
            body: ByteBuffer(bytes: body),
            spanCount: count,
            metadata: BatchMetadata([(name: "Tenant", value: tenant)])
        )
    }

    private func spans(of batch: TraceBatch) -> [UInt64] {
        var ids: [UInt64] = []
        let scanner = SpanScanner(taskRunKeys: [], namespaceKeys: [])
        _ = try? scanner.scan(batch.body.readableBytesSpan) { ids.append($0.spanID.value) }
        return ids
    }
}
