import DequeModule

extension SendingQueue {
    /// Batches that may be merged with each other, oldest first.
    struct Lane: Sendable {
        /// What is asked of each again and again, beside it: a batch is not copied for that.
        struct Head: Sendable {
            let since: Instant
            let isAlone: Bool
            /// As ``BatchMerging`` counts.
            let size: Int
        }

        private(set) var waiting = Deque<Waiting>()
        /// One for each that waits.
        private(set) var heads = Deque<Head>()
        /// Of all together.
        private(set) var size = 0

        mutating func append(_ item: Waiting, _ size: Int) {
            waiting.append(item)
            heads.append(Head(since: item.since, isAlone: item.isAlone, size: size))
            self.size += size
        }

        mutating func prepend(_ item: Waiting, _ size: Int) {
            waiting.prepend(item)
            heads.prepend(Head(since: item.since, isAlone: item.isAlone, size: size))
            self.size += size
        }

        mutating func removeFirst() -> Waiting {
            size -= heads.removeFirst().size
            return waiting.removeFirst()
        }
    }

    /// What decides when a lane is to be sent from: asked with every batch, so a value of its own and not the queue.
    struct Schedule {
        let now: Instant
        let threshold: Int
        let sendsAtOnce: Bool
        let isOpportunistic: Bool
        let linger: Duration
        /// Nil when there is nothing to wait for.
        let lastSend: Instant?

        /// - Parameter lane: not empty.
        func due(_ lane: Lane) -> Instant {
            let head = lane.heads[0]
            // Those that are due by now go by their age.
            let atOnce = min(head.since, now)
            if lane.size >= threshold || head.isAlone || sendsAtOnce { return atOnce }
            guard isOpportunistic else { return head.since + linger }
            guard let lastSend else { return atOnce }
            return min(lastSend, head.since) + linger
        }
    }

    /// What waits, by partition. Nearly always there is one partition, that without values; it is found without hashing,
    /// and keeps its memory.
    struct Lanes: Sendable {
        private var common = Lane()
        /// None is empty.
        private var others: [[[String]]: Lane] = [:]

        /// Of partitions with batches.
        var count: Int { others.count + (common.waiting.isEmpty ? 0 : 1) }

        var isEmpty: Bool { common.waiting.isEmpty && others.isEmpty }

        /// The items of all partitions, those of each in their order.
        var items: [Waiting] { ([common] + others.values).flatMap(\.waiting) }

        func has(_ partition: [[String]]) -> Bool {
            partition.isEmpty ? !common.waiting.isEmpty : others[partition] != nil
        }

        mutating func append(_ item: Waiting, _ size: Int, to partition: [[String]]) {
            if partition.isEmpty {
                common.append(item, size)
            } else {
                others[partition, default: Lane()].append(item, size)
            }
        }

        mutating func prepend(_ item: Waiting, _ size: Int, to partition: [[String]]) {
            if partition.isEmpty {
                common.prepend(item, size)
            } else {
                others[partition, default: Lane()].prepend(item, size)
            }
        }

        /// Takes a partition's batches out.
        mutating func take(_ partition: [[String]]) -> Lane {
            guard partition.isEmpty else { return others.removeValue(forKey: partition) ?? Lane() }
            let lane = common
            common = Lane()
            return lane
        }

        /// Puts back what is left.
        mutating func put(_ lane: Lane, _ partition: [[String]]) {
            if partition.isEmpty {
                common = lane
            } else if !lane.waiting.isEmpty {
                others[partition] = lane
            }
        }

        /// The partition whose batches are due first, and when; only where there are batches.
        func first(by schedule: Schedule) -> (partition: [[String]], due: Instant) {
            if others.isEmpty { return ([], schedule.due(common)) }
            var first = (partition: [[String]](), due: Instant?.none)
            if !common.waiting.isEmpty { first.due = schedule.due(common) }
            for (partition, lane) in others {
                let time = schedule.due(lane)
                if let earlier = first.due, earlier <= time { continue }
                first = (partition, time)
            }
            return (first.partition, first.due ?? schedule.due(common))
        }

        mutating func removeAll() {
            common = Lane()
            others.removeAll()
        }
    }
}
