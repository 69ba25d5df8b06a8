import DequeModule

extension SendingQueue {
    /// Batches that may be merged with each other, oldest first.
    struct Lane: Sendable {
        var waiting = Deque<Waiting>()
        /// Of all together, as ``BatchMerging`` counts.
        var size = 0
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
                common.waiting.append(item)
                common.size += size
            } else {
                others[partition, default: Lane()].waiting.append(item)
                others[partition]?.size += size
            }
        }

        mutating func prepend(_ item: Waiting, _ size: Int, to partition: [[String]]) {
            if partition.isEmpty {
                common.waiting.prepend(item)
                common.size += size
            } else {
                others[partition, default: Lane()].waiting.prepend(item)
                others[partition]?.size += size
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
        func first(due: (Lane) -> Instant) -> (partition: [[String]], due: Instant) {
            if others.isEmpty { return ([], due(common)) }
            var first = (partition: [[String]](), due: Instant?.none)
            if !common.waiting.isEmpty { first.due = due(common) }
            for (partition, lane) in others {
                let time = due(lane)
                if let earlier = first.due, earlier <= time { continue }
                first = (partition, time)
            }
            return (first.partition, first.due ?? due(common))
        }

        mutating func removeAll() {
            common = Lane()
            others.removeAll()
        }
    }
}
